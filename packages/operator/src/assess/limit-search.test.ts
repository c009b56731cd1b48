import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginSearch, nextStep, type LimitBounds, type LimitSearch, type LimitStep } from './limit-search.ts';
import type { LimitReading } from './needed-limit.ts';

const BOUNDS: LimitBounds = { maxCores: 64, minCores: 0.01, calmPercent: 5, maxRaises: 3 };
const MOST_STEPS = 16;

/** Work that arrives by the clock, whether or not it is done: each thread gets its part every so often. */
interface Load {
  readonly threads: number;
  readonly partMs: number;
  readonly everyMs: number;
}

const demandOf = ({ threads, partMs, everyMs }: Load): number => (threads * partMs) / everyMs;

const PERIOD_MS = 100;
const SETTLE_MS = 1500;
const WINDOW_MS = 5000;
/** What a thread has to do is at most what arrived in this time: servers shed the rest. */
const BACKLOG_MS = 1000;

/** CFS bandwidth control, by the millisecond: a quota for each period, and nobody runs when it is used up. */
function createKernel(load: Load) {
  const backlog = Array.from({ length: load.threads }, () => 0);
  const mostMs = Math.max(load.partMs, (BACKLOG_MS / load.everyMs) * load.partMs);
  const totals = { periods: 0, throttled: 0, withheldMs: 0, usedMs: 0 };
  let nowMs = 0;

  const arrive = (): void => {
    if (nowMs % load.everyMs !== 0) return;
    backlog.forEach((ms, thread) => (backlog[thread] = Math.min(mostMs, ms + load.partMs)));
  };
  const runPeriod = (limitCores: number): void => {
    let quotaMs = limitCores * PERIOD_MS;
    const seen = { active: false, throttled: false };
    for (const end = nowMs + PERIOD_MS; nowMs < end; nowMs += 1) {
      arrive();
      backlog.forEach((ms, thread) => {
        if (ms <= 0) return;
        const ran = Math.min(1, ms, quotaMs);
        const missed = Math.min(1, ms) - ran;
        backlog[thread] = ms - ran < 1e-9 ? 0 : ms - ran;
        quotaMs -= ran;
        totals.usedMs += ran;
        totals.withheldMs += missed;
        seen.active = true;
        seen.throttled ||= missed > 1e-9;
      });
    }
    totals.periods += seen.active ? 1 : 0;
    totals.throttled += seen.throttled ? 1 : 0;
  };
  const run = (limitCores: number, lengthMs: number): void => {
    for (const end = nowMs + lengthMs; nowMs < end;) runPeriod(limitCores);
  };
  return {
    /** Lets the backlog settle, then measures one window. */
    measure(limitCores: number): LimitReading {
      run(limitCores, SETTLE_MS);
      const before = { ...totals };
      run(limitCores, WINDOW_MS);
      return {
        limitCores,
        usageCores: (totals.usedMs - before.usedMs) / WINDOW_MS,
        nrPeriods: totals.periods - before.periods,
        nrThrottled: totals.throttled - before.throttled,
        throttledSeconds: (totals.withheldMs - before.withheldMs) / 1000,
        windowSeconds: WINDOW_MS / 1000,
      };
    },
  };
}

interface Course {
  readonly steps: readonly LimitStep[];
  readonly readings: readonly LimitReading[];
  readonly last: LimitStep;
}

/** Follows the search to its end, whatever measures. */
function follow(
  measure: (limitCores: number) => LimitReading,
  startCores: number,
  bounds: LimitBounds = BOUNDS,
): Course {
  const steps: LimitStep[] = [];
  const readings: LimitReading[] = [];
  let search: LimitSearch = beginSearch(startCores);
  for (let limitCores = startCores; steps.length < MOST_STEPS;) {
    const reading = measure(limitCores);
    const step = nextStep(search, reading, bounds);
    readings.push(reading);
    steps.push(step);
    ({ search, limitCores } = step);
    if (['keep', 'leave_alone'].includes(step.kind)) return { steps, readings, last: step };
  }
  throw new Error(`no end after ${MOST_STEPS} steps: ${JSON.stringify(steps.map(({ kind }) => kind))}`);
}

const percentOf = ({ nrPeriods, nrThrottled }: LimitReading): number => (100 * nrThrottled) / nrPeriods;
const isCalm = (reading: LimitReading): boolean => percentOf(reading) < BOUNDS.calmPercent;

/** The smallest limit, to a hundredth of it, under which the load is calm. */
function smallestSufficient(load: Load): number {
  let [low, high] = [0, load.threads * 1.05];
  while (high - low > 0.01 * high) {
    const middle = (low + high) / 2;
    if (isCalm(createKernel(load).measure(middle))) high = middle;
    else low = middle;
  }
  return high;
}

const loads = fc.record({
  threads: fc.integer({ min: 1, max: 4 }),
  everyMs: fc.constantFrom(10, 20, 50, 100, 200, 250),
  busy: fc.double({ min: 0.05, max: 0.8, noNaN: true }),
}).map(({ threads, everyMs, busy }): Load => ({ threads, everyMs, partMs: busy * everyMs }));
