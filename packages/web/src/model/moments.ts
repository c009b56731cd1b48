const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  { below: 2 * MINUTE, size: SECOND, name: 's' },
  { below: 3 * HOUR, size: MINUTE, name: 'm' },
  { below: 2 * DAY, size: HOUR, name: 'h' },
  { below: Infinity, size: DAY, name: 'd' },
] as const;

/** A length of time in one unit: `12s`, `5m`, `3h`, `2d`. Clocks that differ by a little make it 0. */
export function lengthText(milliseconds: number): string {
  const length = Math.max(0, milliseconds);
  const step = STEPS.find(({ below }) => length < below);
  return step === undefined ? '' : `${Math.floor(length / step.size)}${step.name}`;
}

/** How long ago a moment was. */
export const agoText = (moment: string, now: number): string => lengthText(now - Date.parse(moment));

const two = (value: number): string => String(value).padStart(2, '0');

const dayText = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** A moment by the clock of the browser: `14:03:12`, with its day where that is another one. */
export function clockText(moment: number, now: number): string {
  const date = new Date(moment);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = dayText(date);
  return day === dayText(new Date(now)) ? time : `${day} ${time}`;
}
