/** A moment in whole microseconds since 1970: fine enough for every clock here, and exact as a number until 2255. */
export type Microseconds = number;

const FRACTION = /\.(\d{1,9})/;

/** The moment that an RFC 3339 text names; Date.parse would drop what is finer than a millisecond. */
export function momentOf(text: string): Microseconds {
  const fraction = FRACTION.exec(text)?.[1] ?? '';
  const seconds = Date.parse(text.replace(FRACTION, '')) / 1000;
  return seconds * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** In RFC 3339, with microseconds where it has any. */
export function textOfMoment(moment: Microseconds): string {
  const text = new Date(Math.floor(moment / 1000)).toISOString();
  const rest = ((moment % 1000) + 1000) % 1000;
  return rest === 0 ? text : text.replace('Z', `${String(rest).padStart(3, '0')}Z`);
}

export const microseconds = (milliseconds: number): Microseconds => Math.round(milliseconds * 1000);
export const millisecondsBetween = (from: Microseconds, to: Microseconds): number => (to - from) / 1000;
