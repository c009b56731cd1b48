import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinWindows, type CpuWindow } from '../rate/window.ts';
import { shown, slide, type Sliding } from './sliding.ts';

const HALF = 3;
const window = (nrThrottled: number, seconds = 1): CpuWindow => ({
  seconds,
  nrPeriods: 10,
  nrThrottled,
  throttledSeconds: nrThrottled * 0.05,
  usageSeconds: null,
});
const seenAfter = (windows: readonly CpuWindow[]) => {
  const sliding = after(windows);
  return sliding === null ? null : shown(sliding);
};
const after = (windows: readonly CpuWindow[]): Sliding | null =>
  windows.reduce<Sliding | null>((sliding, next) => slide(sliding, next, HALF), null);

describe('slide', () => {
  it('begins with the first throttled sample and is nothing again when none is left', () => {
    expect(after([window(0), window(0)])).toBeNull();
    expect(seenAfter([window(0), window(4)])?.window.seconds).toBe(1);
    expect(after([window(4), ...Array.from({ length: 6 }, () => window(0))])).toBeNull();
  });

  it('shows the last samples, one half of its length at least and two and a sample at most', () => {
    const samples = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 10 }), fc.constantFrom(0.5, 1, 2)).map(([n, s]) => window(n, s)),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(samples, (windows) => {
        const { seconds: length, nrThrottled } = seenAfter(windows)?.window ?? window(0, 0);
        const all = windows.reduce((sum, { seconds }) => sum + seconds, 0);
        expect(length).toBeGreaterThanOrEqual(Math.min(all, HALF));
        expect(length).toBeLessThanOrEqual(2 * HALF + 4);
        const tails = windows.map((_, from) =>
          windows.slice(from).reduce<CpuWindow | null>(joinWindows, null),
        );
        expect(tails.map((tail) => `${tail?.seconds} ${tail?.nrThrottled}`)).toContain(
          `${length} ${nrThrottled}`,
        );
      }),
    );
  });

  it('knows for how long there was throttling', () => {
    expect(seenAfter([window(1), window(0), window(2, 0.5)])?.heldSeconds).toBe(1.5);
  });
});
