import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CpuLimit, CpuWindow } from '../rate/window.ts';
import type { Report } from './detector.ts';
import { GroupJudge } from './judge.ts';
import { DETECTOR_DEFAULTS } from './settings.ts';
import { beginJudgingPod, judgePod, type PodState, type WorstContainer } from './pod-judge.ts';

const settings = { ...DETECTOR_DEFAULTS, calmSeconds: 3 };
const LIMIT: CpuLimit = { quotaUs: 20_000, periodUs: 100_000 };

const window = (nrPeriods: number, nrThrottled: number): CpuWindow => ({
  seconds: 1,
  nrPeriods,
  nrThrottled,
  throttledSeconds: nrThrottled * 0.05,
  usageSeconds: 0.2,
});
const CALM = 'calm';
const BUSY = 'throttled';
const SUSPECT = 'suspect';

type Second = readonly [window: CpuWindow, containers: WorstContainer];

/** Plays a pod's seconds; answers what was reported, as `second kind throttled/periods`, and what was known then. */
function play(seconds: readonly Second[]) {
  let state: PodState = beginJudgingPod(LIMIT);
  const reports: { readonly report: Report; readonly containers: WorstContainer }[] = [];
  seconds.forEach(([sampled, containers], index) => {
    const sample = { window: sampled, limit: LIMIT, endMs: (index + 1) * 1000 };
    const step = judgePod(state, sample, containers, settings);
    state = step.state;
    if (step.report !== null) reports.push({ report: step.report, containers });
  });
  const told = reports.map(
    ({ report: { kind, endMs, window: shown } }) =>
      `${endMs / 1000} ${kind} ${shown.nrThrottled}/${shown.nrPeriods}`,
  );
  return { state, reports, told };
}
const times = (count: number, ...second: Second): Second[] => Array.from({ length: count }, () => second);

describe('judgePod', () => {
  it('tells of a pod one sample after it began, when no container is throttled', () => {
    expect(play(times(6, window(10, 9), CALM)).told).toEqual(['4 began 36/40']);
    expect(play([...times(2, window(10, 9), CALM), ...times(9, window(10, 0), CALM)]).told).toEqual([]);
  });

  it('says nothing of a pod whose container is throttled, in the same sweep, one before or one after', () => {
    const busy = times(20, window(10, 9), BUSY);
    expect(play(busy).told).toEqual([]);
    expect(play([...times(3, window(10, 9), CALM), ...busy]).told).toEqual([]);
    expect(play([[window(10, 0), BUSY], ...busy]).told).toEqual([]);
  });

  it('does not speak up when the container’s throttling ends a sample before the pod’s', () => {
    const over = [...times(5, window(10, 9), BUSY), ...times(2, window(10, 9), CALM)];
    expect(play([...over, ...times(9, window(10, 0), CALM)]).told).toEqual([]);
    expect(play([...over, ...times(2, window(10, 9), CALM)]).told).toEqual(['9 began 36/40']);
  });

  it('waits while a container may be one', () => {
    const waiting = [...times(3, window(10, 9), CALM), ...times(3, window(10, 9), SUSPECT)];
    expect(play([...waiting, [window(10, 9), CALM]]).told).toEqual(['7 began 63/70']);
  });

  it('does not count what ended before it was told of', () => {
    const never = [...times(3, window(10, 9), CALM), ...times(9, window(10, 0), SUSPECT)];
    const { told, state } = play(never);
    expect(told).toEqual([]);
    expect(state).toEqual(beginJudgingPod(LIMIT));
  });

  it('ends what it told by the pod’s own figures only, whatever a container does', () => {
    const told = times(4, window(10, 9), CALM);
    expect(play([...told, ...times(30, window(10, 9), BUSY)]).told).toEqual(['4 began 36/40']);
    expect(play([...told, ...times(4, window(10, 9), BUSY), ...times(3, window(10, 0), BUSY)]).told).toEqual([
      '4 began 36/40',
      '11 ended 0/30',
    ]);
    const resumed = play([...told, ...times(5, window(10, 9), BUSY), ...times(6, window(10, 9), CALM)]).told;
    expect(resumed).toEqual(['4 began 36/40', '14 summary 90/100']);
  });

  it('beside real containers never begins while one is throttled, and ends only what is over', () => {
    const anyWindow = fc
      .tuple(fc.nat(12), fc.nat(12))
      .map(([periods, throttled]) => window(periods, Math.min(periods, throttled)));
    // Runs of the same figures, so that things begin, last and end.
    const run = fc
      .tuple(anyWindow, anyWindow, anyWindow, fc.integer({ min: 1, max: 20 }))
      .map(([pod, first, second, length]) => Array.from({ length }, () => ({ pod, first, second })));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), (runs) => {
        const judges = [new GroupJudge(settings), new GroupJudge(settings)] as const;
        for (const judge of judges) judge.restart(LIMIT);
        const seconds = runs.flat().map(({ pod, first, second }, index): Second => {
          [first, second].forEach(
            (sampled, which) =>
              void judges[which]?.take({ window: sampled, limit: LIMIT, endMs: (index + 1) * 1000 }),
          );
          const throttled = judges.some((judge) => judge.isThrottled);
          const suspect = judges.some((judge) => judge.isSuspect);
          return [pod, throttled ? 'throttled' : suspect ? 'suspect' : 'calm'];
        });
        let open = false;
        let periodsTold = 0;
        for (const { report, containers } of play(seconds).reports) {
          expect(open).toBe(report.kind !== 'began');
          open = report.kind !== 'ended';
          const { nrPeriods } = report.window;
          if (report.kind !== 'ended') expect(containers).not.toBe('throttled');
          if (report.kind === 'began') expect(containers).toBe('calm');
          if (report.kind !== 'ended') periodsTold += nrPeriods;
        }
        expect(periodsTold).toBeLessThanOrEqual(seconds.reduce((sum, [{ nrPeriods }]) => sum + nrPeriods, 0));
      }),
      { numRuns: 400 },
    );
  });
});
