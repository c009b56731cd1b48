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

/** A moment in the time zone of the browser: `14:03:12`, with its day where that is another one. */
export function clockText(moment: number, now: number): string {
  const date = new Date(moment);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = dayText(date);
  return day === dayText(new Date(now)) ? time : `${day} ${time}`;
}

/** The time zone of the browser, in which times of day are shown: `Asia/Tokyo, GMT+9`. */
export function zoneText(now: number): string {
  const format = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' });
  const { timeZone } = format.resolvedOptions();
  const offset = format.formatToParts(now).find(({ type }) => type === 'timeZoneName');
  return timeZone === 'UTC' || offset === undefined ? timeZone : `${timeZone}, ${offset.value}`;
}

const MOST_AHEAD_MS = 5000;

/** That the browser's clock is off, where it is off by enough to mislead who compares; null elsewhere. */
export function skewText(aheadMs: number): string | null {
  if (Math.abs(aheadMs) <= MOST_AHEAD_MS) return null;
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  return `This browser's clock is ${lengthText(Math.abs(aheadMs))} ${side} the operator's; times are by the operator's.`;
}
