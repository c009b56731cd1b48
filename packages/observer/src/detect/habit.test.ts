import { describe, expect, it } from 'vitest';
import { calmAfter, fade, patienceAfter, remember, type Habit } from './habit.ts';
import { DETECTOR_DEFAULTS } from './settings.ts';

const episodes = (count: number, msPerSecond = 400): Habit | null =>
  Array.from({ length: count }).reduce<Habit | null>((habit) => remember(habit, msPerSecond), null);
const upTo = (count: number) => Array.from({ length: count + 1 }, (_, index) => episodes(index));

describe('a habit', () => {
  it('doubles the calm time with each episode, up to nine minutes', () => {
    expect(upTo(8).map((habit) => calmAfter(habit, DETECTOR_DEFAULTS))).toEqual([
      5, 10, 20, 40, 80, 160, 320, 540, 540,
    ]);
    expect(calmAfter(episodes(9), { ...DETECTOR_DEFAULTS, calmSeconds: 600 })).toBe(600);
  });

  it('makes the fourth episode in a row wait, and the seventh twice as long', () => {
    expect(upTo(8).map((habit) => patienceAfter(habit, 400, DETECTOR_DEFAULTS))).toEqual([
      0, 0, 0, 45, 45, 45, 90, 90, 90,
    ]);
  });

  it('does not make what is twice as bad wait', () => {
    const habit = remember(episodes(4, 500), 300);
    expect(patienceAfter(habit, 799, DETECTOR_DEFAULTS)).toBeGreaterThan(0);
    expect(patienceAfter(habit, 800, DETECTOR_DEFAULTS)).toBe(0);
  });

  it('is one episode shorter after four hours, and at last none', () => {
    const later = (habit: Habit | null, hours: number) => fade(habit, hours * 3600, DETECTOR_DEFAULTS);
    const two = episodes(2);
    expect(later(two, 3)?.episodes).toBe(2);
    expect(later(later(two, 3), 1)?.episodes).toBe(1);
    expect(later(later(two, 4), 4)).toBeNull();
    expect(later(null, 4)).toBeNull();
  });
});
