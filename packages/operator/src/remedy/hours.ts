import type { AllowedHours, Weekday } from 'kernel-gossip-types';

const DAYS: readonly Weekday[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Whether all of these calendars allow this minute. One that is empty allows none. */
export const isAllowed = (hours: readonly (readonly AllowedHours[])[], nowMs: number): boolean =>
  hours.every((calendar) => calendar.some((part) => holds(part, nowMs)));

/** The next full minute that is allowed; null where there is none in a week, and so none at all. */
export function nextAllowedMs(hours: readonly (readonly AllowedHours[])[], nowMs: number): number | null {
  const first = Math.ceil(nowMs / MINUTE_MS);
  for (let minute = first; minute <= first + WEEK_MINUTES; minute += 1) {
    if (isAllowed(hours, minute * MINUTE_MS)) return minute * MINUTE_MS;
  }
  return null;
}

function holds({ days, from, to }: AllowedHours, nowMs: number): boolean {
  const now = new Date(nowMs);
  const minute = now.getUTCHours() * 60 + now.getUTCMinutes();
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  const beginsOn = (day: number): boolean => days === null || days.includes(DAYS[(day + 7) % 7] ?? 'Sun');
  const today = now.getUTCDay();
  if (begin < end) return beginsOn(today) && minute >= begin && minute < end;
  return (beginsOn(today) && minute >= begin) || (beginsOn(today - 1) && minute < end);
}
