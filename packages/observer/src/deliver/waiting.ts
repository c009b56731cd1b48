import type { Outgoing } from '../source.ts';

/** An observation that waits to be sent. It is text from the beginning, so that what it takes is known and bounded. */
export interface Waiting {
  /** The observation as JSON on one line. */
  readonly json: string;
  /** Length of `json` in UTF-8. */
  readonly bytes: number;
  /** Whether a later observation says the same more freshly: then it is the first to be let go. */
  readonly isSummary: boolean;
}

export const waiting = (json: string, isSummary: boolean): Waiting => ({
  json,
  bytes: Buffer.byteLength(json),
  isSummary,
});

export const waitingOf = ({ message, isSummary }: Outgoing): Waiting =>
  waiting(JSON.stringify(message), isSummary);

/** The longest beginning of `items` within both limits; one item at least, where there is any. */
export function headOf(items: readonly Waiting[], most: Portion): readonly Waiting[] {
  let bytes = 0;
  const beyond = items.findIndex((item, index) => {
    bytes += item.bytes;
    return index > 0 && (index >= most.count || bytes > most.bytes);
  });
  return beyond < 0 ? items : items.slice(0, beyond);
}

/** How much may be taken at once. */
export interface Portion {
  readonly count: number;
  readonly bytes: number;
}
