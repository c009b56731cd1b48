import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSaturated,
  neededLimit,
  roundedDown,
  roundedUp,
  throttledPercentOf,
  widthCoresOf,
  type LimitReading,
} from './needed-limit.ts';

const reading = (of: Partial<LimitReading>): LimitReading => ({
  limitCores: 0.2,
  usageCores: null,
  nrPeriods: 50,
  nrThrottled: 50,
  throttledSeconds: 0,
  windowSeconds: 5,
  ...of,
});
const cores = fc.integer({ min: 1, max: 64_000 }).map((milli) => milli / 1000);
const readings = fc
  .record({
    limitCores: cores,
    nrPeriods: fc.integer({ min: 1, max: 600 }),
    throttled: fc.double({ min: 0, max: 1, noNaN: true }),
    throttledSeconds: fc.double({ min: 0, max: 5000, noNaN: true }),
  })
  .map(({ throttled, ...rest }) => reading({ ...rest, nrThrottled: Math.round(throttled * rest.nrPeriods) }));
const isWhole = (limit: number): boolean => Math.abs(limit * 100 - Math.round(limit * 100)) < 1e-9;

describe('limits as multiples of 10m', () => {
  it.each([
    [0.2, 0.2, 0.2],
    [0.201, 0.21, 0.2],
    [0.1 + 0.2, 0.3, 0.3],
    [1.1 * 1.1, 1.21, 1.21],
    [0.125, 0.13, 0.12],
    [64, 64, 64],
  ])('%d is rounded up to %d and down to %d', (exact, up, down) => {
    expect(roundedUp(exact)).toBe(up);
    expect(roundedDown(exact)).toBe(down);
  });

  it('lie less than one step from what is rounded', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 256, noNaN: true }), (exact) => {
        expect(isWhole(roundedUp(exact))).toBe(true);
        expect(isWhole(roundedDown(exact))).toBe(true);
        expect(roundedUp(exact) - exact).toBeGreaterThanOrEqual(-1e-7);
        expect(roundedUp(exact) - exact).toBeLessThan(0.01);
        expect(exact - roundedDown(exact)).toBeGreaterThanOrEqual(-1e-7);
        expect(exact - roundedDown(exact)).toBeLessThan(0.01);
      }),
    );
  });
});

describe('the width', () => {
  it('is the limit and what was withheld in the mean throttled period', () => {
    // 20 ms of each 100 ms were given and 80 withheld: one thread that would have run all the time.
    expect(widthCoresOf(reading({ limitCores: 0.2, throttledSeconds: 4 }))).toBeCloseTo(1);
    expect(widthCoresOf(reading({ limitCores: 0.2, nrThrottled: 5, throttledSeconds: 0.1 }))).toBeCloseTo(
      0.4,
    );
  });

  it('is the limit where nothing was withheld', () => {
    expect(widthCoresOf(reading({ limitCores: 0.2, nrThrottled: 0 }))).toBe(0.2);
  });
});

describe('the next limit to try', () => {
  it('is a tenth above the width, where that is no great step', () => {
    expect(neededLimit(reading({ limitCores: 0.5, nrThrottled: 50, throttledSeconds: 1 }), 0)).toBe(0.77);
  });

  it('is at least a quarter more', () => {
    expect(neededLimit(reading({ limitCores: 0.4, nrThrottled: 5, throttledSeconds: 0.001 }), 0)).toBe(0.5);
  });

  it('is at most twice as much at first, and four times as much when that was not enough', () => {
    const far = reading({ limitCores: 0.1, throttledSeconds: 100 });
    expect(neededLimit(far, 0)).toBe(0.2);
    expect(neededLimit(far, 1)).toBe(0.4);
    expect(neededLimit(far, 2)).toBe(0.4);
  });

  it('is a multiple of 10m between a quarter and four times more, whatever was counted', () => {
    fc.assert(
      fc.property(readings, fc.nat({ max: 5 }), (one, raises) => {
        const limit = neededLimit(one, raises);
        expect(isWhole(limit)).toBe(true);
        expect(limit).toBeGreaterThanOrEqual(1.25 * one.limitCores - 1e-7);
        expect(limit).toBeLessThan((raises === 0 ? 2 : 4) * one.limitCores + 0.01);
      }),
    );
  });

  it('does not fall when more was withheld', () => {
    fc.assert(
      fc.property(readings, fc.double({ min: 0, max: 100, noNaN: true }), (one, more) => {
        const worse = { ...one, throttledSeconds: one.throttledSeconds + more };
        expect(neededLimit(worse, 1)).toBeGreaterThanOrEqual(neededLimit(one, 1));
      }),
    );
  });
});

describe('the share of throttled periods', () => {
  it('never exceeds 100, and is 0 where there was no period', () => {
    expect(throttledPercentOf(reading({ nrPeriods: 10, nrThrottled: 11 }))).toBe(100);
    expect(throttledPercentOf(reading({ nrPeriods: 0, nrThrottled: 0 }))).toBe(0);
    expect(throttledPercentOf(reading({ nrPeriods: 40, nrThrottled: 2 }))).toBe(5);
  });

  it('is saturation from 95 % on', () => {
    expect(isSaturated(reading({ nrPeriods: 100, nrThrottled: 94 }))).toBe(false);
    expect(isSaturated(reading({ nrPeriods: 100, nrThrottled: 95 }))).toBe(true);
  });
});
