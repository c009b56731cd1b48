import type { DetectorSettings } from './settings.ts';

/** Episodes in a row, which make the next one less of a piece of news. */
export interface Habit {
  readonly episodes: number;
  /** Run time that was withheld in them as they were told of last, the later ones counting more, in milliseconds per second. */
  readonly msPerSecond: number;
  /** Since the last throttling that would have been told of a group without a habit, in seconds. */
  readonly quietSeconds: number;
}

/** More make no difference any more. */
const MOST_EPISODES = 7;
const FAR_WORSE = 2;

/** One more episode is over. */
export const remember = (habit: Habit | null, msPerSecond: number): Habit => ({
  episodes: Math.min(MOST_EPISODES, (habit?.episodes ?? 0) + 1),
  msPerSecond: habit === null ? msPerSecond : (habit.msPerSecond + msPerSecond) / 2,
  quietSeconds: 0,
});

/** Time went by in which nothing was told; null where nothing is remembered any more. */
export function fade(
  habit: Habit | null,
  seconds: number,
  { forgetSeconds }: DetectorSettings,
): Habit | null {
  if (habit === null) return null;
  const quietSeconds = habit.quietSeconds + seconds;
  if (quietSeconds < forgetSeconds) return { ...habit, quietSeconds };
  return habit.episodes === 1 ? null : { ...habit, episodes: habit.episodes - 1, quietSeconds: 0 };
}

/** How long it must be calm for the episode after these to be over, in seconds. */
export const calmAfter = (habit: Habit | null, { calmSeconds, mostCalmSeconds }: DetectorSettings): number =>
  Math.max(calmSeconds, Math.min(mostCalmSeconds, calmSeconds * 2 ** (habit?.episodes ?? 0)));

/** How long throttling with this impact must last after these to be told, in seconds. What is far worse is news at once. */
export function patienceAfter(
  habit: Habit | null,
  msPerSecond: number,
  { patientAfter, patienceSeconds }: DetectorSettings,
): number {
  if (habit === null || habit.episodes < patientAfter || msPerSecond >= habit.msPerSecond * FAR_WORSE)
    return 0;
  return habit.episodes < 2 * patientAfter ? patienceSeconds : 2 * patienceSeconds;
}
