import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginSearch, nextStep, type LimitBounds, type LimitSearch, type LimitStep } from './limit-search.ts';
import type { LimitReading } from './needed-limit.ts';

const BOUNDS: LimitBounds = { maxCores: 64, minCores: 0.01, calmPercent: 5, maxRaises: 3 };
/** More steps than any search takes. */
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
    measure: (limitCores: number, windowMs = WINDOW_MS): LimitReading => {
      run(limitCores, SETTLE_MS);
      const before = { ...totals };
      run(limitCores, windowMs);
      return {
        limitCores,
        usageCores: (totals.usedMs - before.usedMs) / windowMs,
        nrPeriods: totals.periods - before.periods,
        nrThrottled: totals.throttled - before.throttled,
        throttledSeconds: (totals.withheldMs - before.withheldMs) / 1000,
        windowSeconds: windowMs / 1000,
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
  measure: (limitCores: number, windowMs: number) => LimitReading,
  startCores: number,
  bounds: LimitBounds = BOUNDS,
  mostSteps = MOST_STEPS,
): Course {
  const steps: LimitStep[] = [];
  const readings: LimitReading[] = [];
  let search: LimitSearch = beginSearch(startCores);
  let windowMs = WINDOW_MS;
  for (let limitCores = startCores; steps.length < mostSteps;) {
    const reading = measure(limitCores, windowMs);
    const step = nextStep(search, reading, bounds);
    readings.push(reading);
    steps.push(step);
    ({ search, limitCores } = step);
    windowMs = step.kind === 'wait' ? 2 * windowMs : WINDOW_MS;
    if (['keep', 'leave_alone'].includes(step.kind)) return { steps, readings, last: step };
  }
  throw new Error(`no end after ${mostSteps} steps: ${JSON.stringify(steps.map(({ kind }) => kind))}`);
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

const loads = fc
  .record({
    threads: fc.integer({ min: 1, max: 4 }),
    everyMs: fc.constantFrom(10, 20, 50, 100, 200, 250),
    busy: fc.double({ min: 0.05, max: 0.8, noNaN: true }),
  })
  .map(({ busy, ...rest }): Load => ({ ...rest, partMs: busy * rest.everyMs }));

const isWhole = (limit: number): boolean => Math.abs(limit * 100 - Math.round(limit * 100)) < 1e-9;
const milliCores = fc.integer({ min: 10, max: 4000 }).map((milli) => milli / 1000);
const kindsOf = ({ steps }: Course): readonly string[] => steps.map(({ kind }) => kind);

const counted = (
  limitCores: number,
  throttledPercent: number,
  of: Partial<LimitReading> = {},
): LimitReading => ({
  limitCores,
  usageCores: limitCores / 2,
  nrPeriods: 50,
  nrThrottled: throttledPercent / 2,
  throttledSeconds: (throttledPercent / 2) * 0.1 * limitCores,
  windowSeconds: 5,
  ...of,
});

describe('the search for a limit', () => {
  it('keeps a limit under which nothing is throttled', () => {
    expect(nextStep(beginSearch(0.5), counted(0.5, 4), BOUNDS)).toMatchObject({
      kind: 'keep',
      limitCores: 0.5,
      search: { lowestCalmCores: 0.5, raises: 0 },
    });
  });

  it('waits while there were too few periods to judge by', () => {
    const few = counted(0.5, 100, { nrPeriods: 19, nrThrottled: 19 });
    const none = counted(0.5, 0, { nrPeriods: 0, nrThrottled: 0, usageCores: 0 });
    for (const reading of [few, none])
      expect(nextStep(beginSearch(0.5), reading, BOUNDS)).toMatchObject({
        kind: 'wait',
        limitCores: 0.5,
        search: beginSearch(0.5),
      });
  });

  it('raises, tries less, takes that back, and says why each time', () => {
    const measure = (limitCores: number) =>
      counted(limitCores, limitCores < 0.75 ? 100 : 0, { usageCores: 0.2 });
    const course = follow(measure, 0.4);
    expect(course.steps.map(({ kind, limitCores, why }) => [kind, limitCores, why])).toEqual([
      ['raise', 0.8, 'throttled in 100% of 50 periods in 5 s under 400m; it would have run on 800m at once'],
      ['trim', 0.57, 'throttled in 0% of 50 periods in 5 s under 800m; 570m may be enough'],
      ['take_back', 0.8, 'throttled in 100% of 50 periods in 5 s under 570m, and calm under 800m before'],
      ['trim', 0.68, 'throttled in 0% of 50 periods in 5 s under 800m; 680m may be enough'],
      ['take_back', 0.8, 'throttled in 100% of 50 periods in 5 s under 680m, and calm under 800m before'],
      ['keep', 0.8, 'throttled in 0% of 50 periods in 5 s under 800m'],
    ]);
    expect(course.last.search).toMatchObject({
      raises: 1,
      trims: 2,
      highestThrottledCores: 0.68,
      lowestCalmCores: 0.8,
    });
  });

  it('asks once more when a raise may be enough but for the backlog', () => {
    const raised = nextStep(beginSearch(0.4), counted(0.4, 100), BOUNDS).search;
    const unsure = nextStep(raised, counted(0.8, 20), BOUNDS);
    expect(unsure).toMatchObject({ kind: 'wait', limitCores: 0.8, search: { highestThrottledCores: 0.4 } });
    expect(nextStep(unsure.search, counted(0.8, 0), BOUNDS).search.lowestCalmCores).toBe(0.8);
    expect(nextStep(unsure.search, counted(0.8, 20), BOUNDS)).toMatchObject({ kind: 'raise' });
  });

  it('never tries less than what is used, nor less than the request', () => {
    const raised = nextStep(beginSearch(0.4), counted(0.4, 100), BOUNDS).search;
    const tried = (usageCores: number | null, minCores: number): LimitStep =>
      nextStep(raised, counted(0.8, 0, { usageCores }), { ...BOUNDS, minCores });
    expect(tried(0.6, 0.01)).toMatchObject({ kind: 'trim', limitCores: 0.66 });
    expect(tried(0.1, 0.7)).toMatchObject({ kind: 'trim', limitCores: 0.7 });
    expect(tried(null, 0.01)).toMatchObject({ kind: 'trim', limitCores: 0.57 });
    expect(tried(0.1, 0.8)).toMatchObject({ kind: 'keep', limitCores: 0.8 });
  });

  it('keeps what helped in part when no more is allowed, and does not call it calm', () => {
    const measure = (limitCores: number) => counted(limitCores, limitCores < 0.6 ? 100 : 30);
    const { last } = follow(measure, 0.4, { ...BOUNDS, maxCores: 0.8 });
    expect(last).toMatchObject({ kind: 'keep', limitCores: 0.8, search: { lowestCalmCores: null } });
    expect(last.why).toBe('throttled in 30% of 50 periods in 5 s under 800m and no more is allowed');
  });

  it('puts back the limit of what is throttled all the time however much it gets', () => {
    const measure = (limitCores: number) => counted(limitCores, 100, { usageCores: limitCores });
    const course = follow(measure, 0.1);
    expect(kindsOf(course)).toEqual(['raise', 'raise', 'raise', 'leave_alone']);
    expect(course.last.limitCores).toBe(0.1);
    expect(course.last.why).toMatch(/ after 3 raises: it uses what it is given$/);
  });

  it('does not say of one that it eats any limit whose usage does not follow', () => {
    const measure = (limitCores: number) => counted(limitCores, 100, { usageCores: 0.1 });
    expect(follow(measure, 0.2).last.kind).toBe('keep');
  });

  it('believes the newer reading where two contradict each other', () => {
    const calm = { ...beginSearch(0.2), raises: 1, highestThrottledCores: 0.2, lowestCalmCores: 0.4 };
    expect(nextStep(calm, counted(0.4, 100), BOUNDS)).toMatchObject({
      kind: 'raise',
      search: { highestThrottledCores: 0.4, lowestCalmCores: null },
    });
    expect(nextStep(calm, counted(0.2, 0), BOUNDS)).toMatchObject({
      kind: 'keep',
      search: { highestThrottledCores: null, lowestCalmCores: 0.2 },
    });
  });
});

/** Any share of throttled periods in any order, as if the load changed all the time. */
const anyReadings = fc.array(
  fc.record({
    throttledPercent: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(0, 4, 96, 100)),
    usage: fc.option(fc.double({ min: 0, max: 1.2, noNaN: true })),
    withheld: fc.double({ min: 0, max: 8, noNaN: true }),
  }),
  { minLength: 32, maxLength: 32 },
);

describe('whatever is measured, the search', () => {
  it('ends, stays within its bounds, and never tries what was throttled', () => {
    fc.assert(
      fc.property(
        milliCores,
        fc.double({ min: 1, max: 40, noNaN: true }),
        anyReadings,
        (start, factor, all) => {
          const bounds = {
            ...BOUNDS,
            minCores: start / 2,
            maxCores: Math.round(start * factor * 1000) / 1000,
          };
          let turn = 0;
          let before = beginSearch(start);
          const measure = (limitCores: number): LimitReading => {
            const { throttledPercent, usage, withheld } = all[turn++]!;
            return counted(limitCores, throttledPercent, {
              usageCores: usage === null ? null : usage * limitCores,
              throttledSeconds: throttledPercent === 0 ? 0 : withheld,
            });
          };
          const { steps, readings } = follow(measure, start, bounds, 32);
          steps.forEach(({ kind, limitCores, search }, index) => {
            const { highestThrottledCores: throttled, lowestCalmCores: calm } = search;
            if (throttled !== null && calm !== null) expect(throttled).toBeLessThan(calm);
            expect(limitCores).toBeGreaterThanOrEqual(bounds.minCores);
            expect(limitCores).toBeLessThanOrEqual(bounds.maxCores);
            if (kind === 'raise' || kind === 'trim') expect(isWhole(limitCores)).toBe(true);
            if (kind === 'raise') expect(limitCores).toBeGreaterThan(readings[index]!.limitCores);
            if (kind === 'trim') expect(limitCores).toBeLessThan(readings[index]!.limitCores);
            if (kind === 'trim') expect(limitCores).toBeGreaterThan(throttled!);
            if (kind === 'take_back') expect(limitCores).toBe(before.lowestCalmCores);
            if (kind === 'leave_alone') expect(limitCores).toBe(start);
            expect(search.raises).toBeLessThanOrEqual(bounds.maxRaises);
            expect(JSON.parse(JSON.stringify(search))).toEqual(search);
            before = search;
          });
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a load that is calm from some limit on', () => {
  it('gets a limit near that one, in few steps', () => {
    const needs = fc.record({
      start: milliCores,
      times: fc.double({ min: 1.01, max: 30, noNaN: true }),
      used: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
    });
    fc.assert(
      fc.property(needs, ({ start, times, used }) => {
        const needed = start * times;
        const measure = (limitCores: number): LimitReading =>
          counted(limitCores, limitCores < needed ? 100 : 0, {
            usageCores: Math.min(limitCores, used * needed),
            throttledSeconds: limitCores < needed ? 5 * 3 * needed : 0,
          });
        const { steps, last } = follow(measure, start, { ...BOUNDS, maxCores: 1000 });
        expect(last.kind).toBe('keep');
        expect(last.limitCores).toBeGreaterThanOrEqual(needed);
        expect(last.limitCores).toBeLessThanOrEqual(1.25 * needed + 0.02);
        expect(steps.length).toBeLessThanOrEqual(10);
      }),
      { numRuns: 500 },
    );
  });
});

describe('under simulated CFS quotas', () => {
  it('finds what a load needs from an eighth of its demand on, with at most three raises, in 19 of 20 cases', () => {
    const starts = fc.tuple(loads, fc.double({ min: 0.125, max: 1, noNaN: true }));
    // The same cases each time: a counter at the edge of what is calm may mislead the search now and then.
    const cases = fc.sample(starts, { numRuns: 200, seed: 1 });
    const found = cases.filter(([load, share]) => {
      const start = Math.max(0.01, Math.ceil(share * demandOf(load) * 100) / 100);
      const { last, readings } = follow(createKernel(load).measure, start);
      return (
        last.kind === 'keep' &&
        isCalm(readings.at(-1)!) &&
        last.search.lowestCalmCores === last.limitCores &&
        last.limitCores <= 1.5 * smallestSufficient(load) + 0.01
      );
    });
    expect(found.length).toBeGreaterThanOrEqual(0.95 * cases.length);
  });

  it('leaves alone what never sleeps, whatever it begins with', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0.02, max: 0.9, noNaN: true }),
        (threads, share) => {
          const load = { threads, partMs: 10, everyMs: 10 };
          const start = Math.ceil(share * threads * 100) / 100;
          const { last } = follow(createKernel(load).measure, start);
          expect(last).toMatchObject({ kind: 'leave_alone', limitCores: start });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('ends at the highest limit that is allowed', () => {
    const load = { threads: 2, partMs: 40, everyMs: 100 };
    const { last, readings } = follow(createKernel(load).measure, 0.1, { ...BOUNDS, maxCores: 0.5 });
    expect(Math.max(...readings.map(({ limitCores }) => limitCores))).toBe(0.5);
    expect(last).toMatchObject({ kind: 'leave_alone', limitCores: 0.1 });
    expect(last.why).toMatch(/and no more is allowed: it uses what it is given$/);
  });
});
