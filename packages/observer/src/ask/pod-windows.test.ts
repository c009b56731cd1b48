import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowBetween, type GroupReading } from './group-reading.ts';
import { beginMeasuring, measure, type PodWindows, type ToldWindow } from './pod-windows.ts';

/** A group that uses half a core; `cores` is its quota. */
const reading = (atMs: number, cores: number | null = 0.2, inode = 1, count = atMs): GroupReading => ({
  inode,
  atMs,
  limits: {
    cpu: cores === null ? null : { quotaUs: cores * 100_000, periodUs: 100_000 },
    memoryBytes: null,
  },
  counters: { usageUs: count * 500, nrPeriods: count, nrThrottled: count, throttledUs: count, oomKills: 0 },
  memoryUsageBytes: 1,
});

interface Told extends ToldWindow {
  readonly atMs: number;
}

/** Measures once a second; `at` gives the readings of each moment. */
function run(seconds: number, at: (ms: number) => Readonly<Record<string, GroupReading>>): readonly Told[] {
  let windows: PodWindows = beginMeasuring(0);
  const all: Told[] = [];
  for (let ms = 0; ms <= seconds * 1000; ms += 1000) {
    const step = measure(windows, new Map(Object.entries(at(ms))), ms);
    windows = step.windows;
    all.push(...step.told.map((told) => ({ ...told, atMs: ms })));
  }
  return all;
}

const spans = (told: readonly Told[], path = 'c') =>
  told
    .filter((one) => one.path === path)
    .map(({ atMs, window }) => [atMs / 1000 - window.seconds, atMs / 1000]);

describe('the windows of a pod that is measured', () => {
  it('are told after 5 s first and every 10 s then, each right after the one before', () => {
    const told = run(30, (ms) => ({ c: reading(ms), pod: reading(ms, null) }));
    expect(spans(told)).toEqual([
      [0, 5],
      [5, 15],
      [15, 25],
    ]);
    expect(spans(told, 'pod')).toEqual(spans(told));
    expect(told[0]?.window).toMatchObject({
      seconds: 5,
      counted: { usageUs: 2_500_000, nrPeriods: 5000 },
      memoryUsageBytes: 1,
    });
  });

  it('begin anew two seconds after the limit of any group has changed, for all of them', () => {
    const told = run(30, (ms) => ({ c: reading(ms, ms < 8000 ? 0.2 : 0.4), pod: reading(ms, null) }));
    for (const path of ['c', 'pod'])
      expect(spans(told, path)).toEqual([
        [0, 5],
        [10, 15],
        [15, 25],
      ]);
    expect(told.find(({ path, atMs }) => path === 'c' && atMs === 15_000)?.window.limits.cpu?.quotaUs).toBe(
      40_000,
    );
  });

  it('wait for the last of several changes', () => {
    const told = run(20, (ms) => ({
      c: reading(ms, ms < 9000 ? 0.2 : 0.4),
      pod: reading(ms, ms < 8000 ? 0.2 : 0.4),
    }));
    expect(spans(told)).toEqual([
      [0, 5],
      [11, 16],
    ]);
  });

  it('begin anew for a group alone that was restarted or reset, and for one that comes later', () => {
    const told = run(26, (ms) => ({
      pod: reading(ms),
      restarted: reading(ms, 0.3, ms < 7000 ? 1 : 2),
      reset: reading(ms, 0.3, 1, ms < 7000 ? ms : ms - 7000),
      ...(ms < 12_000 ? {} : { late: reading(ms) }),
    }));
    expect(spans(told, 'pod')).toEqual([
      [0, 5],
      [5, 15],
      [15, 25],
    ]);
    expect(spans(told, 'restarted')).toEqual([
      [0, 5],
      [7, 15],
      [15, 25],
    ]);
    expect(spans(told, 'reset')).toEqual(spans(told, 'restarted'));
    // Three seconds at 15 s are too short to be told.
    expect(spans(told, 'late')).toEqual([[12, 25]]);
  });

  it('do not end when a group could not be read, but begin anew', () => {
    const told = run(16, (ms) => (ms === 7000 ? { pod: reading(ms) } : { c: reading(ms), pod: reading(ms) }));
    expect(spans(told)).toEqual([
      [0, 5],
      [8, 15],
    ]);
  });

  it('never span a change, and count nothing that the kernel did not, whatever happens', () => {
    const moment = fc.record({
      stepMs: fc.integer({ min: 100, max: 3000 }),
      cores: fc.option(fc.constantFrom(0.1, 0.2), { freq: 20 }),
      isReset: fc.nat(19).map((number) => number === 0),
      used: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (moments, every) => {
        let windows = beginMeasuring(0);
        let [atMs, count, cores] = [0, 0, null as number | null];
        const readings: GroupReading[] = [];
        for (const [index, { stepMs, used, ...change }] of moments.entries()) {
          atMs += stepMs;
          count = change.isReset ? 0 : count + used;
          // Limits change now and then only, or nothing would ever be told.
          if (index % every === 0) cores = change.cores;
          const now = reading(atMs, cores, 1, count);
          readings.push(now);
          const step = measure(windows, new Map([['c', now]]), atMs);
          windows = step.windows;
          for (const { window } of step.told) {
            const inside = readings.filter((one) => one.atMs >= atMs - window.seconds * 1000 - 1e-6);
            const first = inside[0]!;
            expect(window).toEqual(windowBetween(first, now));
            expect(inside.every((one) => one.limits.cpu?.quotaUs === now.limits.cpu?.quotaUs)).toBe(true);
            const counts = inside.map(({ counters }) => counters.nrPeriods!);
            expect(counts).toEqual(counts.toSorted((one, other) => one - other));
            expect(window.seconds).toBeGreaterThanOrEqual(4.5);
          }
        }
      }),
    );
  });
});
