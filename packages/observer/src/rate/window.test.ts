import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinWindows, throttledPercent, windowBetween, type CpuReading } from './window.ts';

const reading: CpuReading = {
  inode: 1,
  atMs: 1000,
  nrPeriods: 10,
  nrThrottled: 4,
  throttledUs: 500_000,
  usageUs: 2_000_000,
  limit: null,
};
const anyReading = fc.record({
  inode: fc.constantFrom(1, 2),
  atMs: fc.nat({ max: 10_000 }),
  nrPeriods: fc.nat({ max: 100 }),
  nrThrottled: fc.nat({ max: 100 }),
  throttledUs: fc.nat(),
  usageUs: fc.option(fc.nat()),
  limit: fc.constant(null),
});

describe('windowBetween', () => {
  it('is what happened in between', () => {
    const after = {
      ...reading,
      atMs: 2500,
      nrPeriods: 25,
      nrThrottled: 14,
      throttledUs: 3_500_000,
      usageUs: 2_300_000,
    };
    expect(windowBetween(reading, after)).toEqual({
      seconds: 1.5,
      nrPeriods: 15,
      nrThrottled: 10,
      throttledSeconds: 3,
      usageSeconds: 0.3,
    });
  });

  it.each<[string, Partial<CpuReading>]>([
    ['the group is another', { inode: 2, atMs: 2000 }],
    ['the clock went back', { atMs: 900 }],
    ['the clock stood', {}],
    ['periods were reset', { atMs: 2000, nrPeriods: 9 }],
    ['throttled periods were reset', { atMs: 2000, nrThrottled: 0 }],
    ['throttled time was reset', { atMs: 2000, throttledUs: 0 }],
  ])('is nothing where %s', (_, change) => {
    expect(windowBetween(reading, { ...reading, ...change })).toBeNull();
  });

  it('does not make up a usage', () => {
    const after = { ...reading, atMs: 2000 };
    expect(windowBetween({ ...reading, usageUs: null }, after)).toMatchObject({ usageSeconds: null });
    expect(windowBetween(reading, { ...after, usageUs: 1 })).toMatchObject({ usageSeconds: null });
  });

  it('never says anything negative, nor more than 100 %', () => {
    fc.assert(
      fc.property(anyReading, anyReading, (before, after) => {
        const window = windowBetween(before, after);
        fc.pre(window !== null);
        expect(
          Math.min(window.nrPeriods, window.nrThrottled, window.throttledSeconds),
        ).toBeGreaterThanOrEqual(0);
        expect(window.seconds).toBeGreaterThan(0);
        expect(throttledPercent(window)).toBeLessThanOrEqual(100);
      }),
    );
  });

  it('over two steps is the two windows joined', () => {
    const steps = fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000), fc.nat(1000));
    const advance = (
      from: CpuReading,
      [ms, periods, throttled, usage]: readonly [number, number, number, number],
    ) => ({
      ...from,
      atMs: from.atMs + ms + 1,
      nrPeriods: from.nrPeriods + periods,
      nrThrottled: from.nrThrottled + throttled,
      usageUs: (from.usageUs ?? 0) + usage,
    });
    fc.assert(
      fc.property(steps, steps, (one, two) => {
        const middle = advance(reading, one);
        const end = advance(middle, two);
        const joined = joinWindows(windowBetween(reading, middle), windowBetween(middle, end)!);
        const direct = windowBetween(reading, end)!;
        expect(joined.nrPeriods).toBe(direct.nrPeriods);
        expect(joined.seconds).toBeCloseTo(direct.seconds);
        expect(joined.usageSeconds).toBeCloseTo(direct.usageSeconds!);
      }),
    );
  });
});
