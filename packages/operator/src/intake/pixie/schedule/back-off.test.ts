import { describe, expect, it } from 'vitest';
import { pauseAfter } from './back-off.ts';

describe('pauseAfter', () => {
  it('doubles from some seconds up to a minute, and is never quite the same', () => {
    expect([1, 2, 3, 4, 5, 50].map((failures) => pauseAfter(failures, () => 1))).toEqual([
      5000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
    expect(pauseAfter(1, () => 0)).toBe(2500);
  });
});
