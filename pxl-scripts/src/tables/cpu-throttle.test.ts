import fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { at, ROWS } from '../testing.ts';
import type { Row } from './cell.ts';
import { cpuThrottle } from './cpu-throttle.ts';

const told = (changes: Row, previous?: Row) => {
  const result = cpuThrottle.observe(
    { ...ROWS.cpu_throttle, ...changes },
    {
      source: 'pixie',
      ...(previous === undefined ? {} : { previous: { ...ROWS.cpu_throttle, ...previous } }),
    },
  );
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right?.type === 'cpu_throttle' ? result.right : null;
};

/** A window of 30 s with so many periods, so many of them throttled, and so many milliseconds withheld in each second. */
const figures = (periods: number, throttled: number, msPerSecond: number): Row => ({
  nr_periods_last: 1000n + BigInt(periods),
  nr_throttled_last: 500n + BigInt(throttled),
  throttled_ns_last: 7_000_000_000n + BigInt(Math.round(msPerSecond * 30)) * 1_000_000n,
});

describe('a row of CFS bandwidth counters', () => {
  it('tells shares and rates of its own window', () => {
    expect(told({})).toMatchObject({
      type: 'cpu_throttle',
      container_name: 'app',
      timestamp: '2026-01-01T00:00:30.000000000Z',
      period_seconds: 30,
      throttle_percentage: 80,
      nr_periods: 300,
      nr_throttled: 240,
      throttled_seconds: 12,
      limit_cores: 0.5,
      actual_cpu_usage: 0.496552,
      ended: false,
    });
  });

  it('keeps differences exact that a double would round', () => {
    const large = 9_007_199_254_740_993n;
    const row = { throttled_ns_first: large, throttled_ns_last: `${large + 1_000_001_000n}` };
    expect(told({ ...row, ...{ nr_throttled_last: 740n } })?.throttled_seconds).toBe(1.000001);
  });

  it.each([
    ['a container that is throttled a lot', figures(300, 240, 400), false],
    ['a quarter of the periods and 30 ms a second', figures(300, 75, 30), false],
    ['ten periods', figures(10, 10, 50), false],
    ['nine periods', figures(9, 9, 50), undefined],
    ['a share just below', figures(300, 74, 100), undefined],
    ['time withheld just below', figures(300, 150, 29), undefined],
    ['a share below two thirds', figures(300, 49, 100), true],
    ['time withheld below two thirds', figures(300, 150, 19), true],
    ['nothing throttled', figures(300, 0, 0), true],
    ['an idle sidecar that is always throttled', figures(2, 2, 3), true],
    ['nothing that ran', figures(0, 0, 0), undefined],
  ])('%s', (_, row, ended) => {
    expect(told(row)?.ended).toBe(ended);
  });

  it('tells nothing of windows that are too short', () => {
    const short = (seconds: number, ms: number) =>
      told({
        ...figures(60, 60, 0),
        first_time: at(30 - seconds),
        throttled_ns_last: 7_000_000_000n + BigInt(ms) * 1_000_000n,
      });
    expect(short(3, 600)?.ended).toBe(false);
    expect(short(2, 600)).toBeNull();
    expect(short(3, 120)).toBeNull();
    expect(short(4, 160)?.ended).toBe(false);
    expect(short(4, 0)).toBeNull();
    expect(short(5, 0)?.ended).toBe(true);
  });

  it.each(['nr_periods_first', 'nr_throttled_last', 'throttled_ns_first', 'first_time'])(
    'tells nothing where %s was not measured',
    (column) => {
      expect(told({ [column]: -1n })).toBeNull();
    },
  );

  it('says no CPU usage that was measured over another time', () => {
    expect(told({ cpu_window_ns: 20_000_000_000n })?.actual_cpu_usage).toBeNull();
    expect(told({ cpu_ns: -1n })?.actual_cpu_usage).toBeNull();
    expect(told({ cpu_window_ns: -1n })?.actual_cpu_usage).toBeNull();
  });

  it('says no limit where there is none', () => {
    expect(told({ quota_ns: -1n })?.limit_cores).toBeNull();
  });
});

describe('with the row before', () => {
  const before = {
    first_time: at(-30),
    time_: at(-1),
    nr_periods_last: 990n,
    nr_throttled_last: 496n,
    throttled_ns_last: 6_500_000_000n,
  };

  it('the window begins where that one ended', () => {
    expect(told({}, before)).toMatchObject({
      period_seconds: 31,
      nr_periods: 310,
      nr_throttled: 244,
      throttled_seconds: 12.5,
    });
  });

  it.each([
    ['another container', { container_id: 'f'.repeat(64) }],
    ['another group of the container', { cgroup_id: 4712n }],
    ['another limit', { quota_ns: 60_000_000n }],
    ['another period', { period_ns: 50_000_000n }],
    ['a counter that fell since', { nr_periods_last: 5000n }],
    ['longer ago than a busy group is silent', { time_: at(-6) }],
    ['the same time', { time_: at(30) }],
    ['no counters', { nr_throttled_last: -1n }],
    ['something that is no row', { time_: 'soon' }],
  ])('of %s, the window is its own', (_, changes) => {
    expect(told({}, { ...before, ...changes })).toEqual(told({}));
  });

  it('nothing is counted twice and nothing is left out, over any run of windows', () => {
    const step = fc.record({ periods: fc.nat(100), share: fc.double({ min: 0.5, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), (steps) => {
        let [seconds, periods, throttled] = [0, 0, 0];
        let previous: Row | undefined;
        let counted = 0;
        for (const { periods: more, share } of steps) {
          const row = {
            first_time: at(seconds),
            nr_periods_first: BigInt(periods),
            nr_throttled_first: BigInt(throttled),
            throttled_ns_first: BigInt(throttled) * 200_000_000n,
          };
          seconds += 29;
          periods += 100 + more;
          throttled += Math.floor((100 + more) * share);
          const last = {
            time_: at(seconds),
            nr_periods_last: BigInt(periods),
            nr_throttled_last: BigInt(throttled),
            throttled_ns_last: BigInt(throttled) * 200_000_000n,
          };
          counted += told({ ...row, ...last }, previous)?.nr_periods ?? 0;
          previous = { ...row, ...last };
          // Between two windows the group runs on.
          seconds += 1;
          periods += 10;
          throttled += 5;
        }
        expect(counted).toBe(periods - 10);
      }),
    );
  });
});

describe('a reading that is out of order', () => {
  it('is refused', () => {
    const result = cpuThrottle.observe({ ...ROWS.cpu_throttle, first_time: at(31) }, { source: 'pixie' });
    expect(isRight(result)).toBe(false);
    expect(result).toMatchObject({ left: { column: 'first_time' } });
  });
});
