import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CpuLimit, CpuWindow } from '../rate/window.ts';
import {
  beginDetecting,
  detect,
  endOf,
  isThrottled,
  type DetectorState,
  type Report,
  type Sample,
} from './detector.ts';

const settings = { enterPercent: 25, minPeriods: 5, calmSeconds: 3, summarySeconds: 10 };
const LIMIT: CpuLimit = { quotaUs: 20_000, periodUs: 100_000 };

const window = (nrPeriods: number, nrThrottled: number, seconds = 1): CpuWindow => ({
  seconds,
  nrPeriods,
  nrThrottled,
  throttledSeconds: nrThrottled * 0.05,
  usageSeconds: 0.2 * seconds,
});

/** Plays samples, one a second; answers what was reported, as `second kind throttled/periods`. */
function play(samples: readonly (Partial<Sample> | CpuWindow | null)[], from = beginDetecting(LIMIT)) {
  let state: DetectorState = from;
  const reports: Report[] = [];
  samples.forEach((given, index) => {
    const sample: Sample = {
      limit: LIMIT,
      endMs: (index + 1) * 1000,
      ...(given === null || 'nrPeriods' in given ? { window: given } : { window: window(0, 0), ...given }),
    };
    const step = detect(state, sample, settings);
    state = step.state;
    if (step.report !== null) reports.push(step.report);
  });
  const told = reports.map(
    (r) => `${r.endMs / 1000} ${r.kind} ${r.window.nrThrottled}/${r.window.nrPeriods}`,
  );
  return { state, reports, told };
}
const times = <A>(count: number, item: A): A[] => Array.from({ length: count }, () => item);

describe('detect', () => {
  it('begins at the threshold, once', () => {
    expect(play(times(5, window(10, 3))).told).toEqual(['1 began 3/10']);
    expect(play(times(5, window(10, 2))).told).toEqual([]);
  });

  it('adds windows up until there are periods enough', () => {
    expect(play(times(5, window(2, 2))).told).toEqual(['3 began 6/6']);
    expect(play([window(4, 4), window(10, 0)]).told).toEqual(['2 began 4/14']);
  });

  it('does not judge by what was long ago', () => {
    expect(play([window(1, 1), window(1, 1, 61), window(4, 4)]).told).toEqual([]);
  });

  it('sums up every ten seconds, without gap or overlap', () => {
    const { told } = play(times(21, window(10, 4)));
    expect(told).toEqual(['1 began 4/10', '11 summary 40/100', '21 summary 40/100']);
  });

  it('tells at once when it gets worse, and with the next summary when it gets better', () => {
    const samples = [window(10, 4), window(10, 6), window(10, 9), ...times(10, window(10, 6)), window(10, 9)];
    expect(play(samples).told).toEqual([
      '1 began 4/10',
      '2 changed 6/10',
      '3 changed 9/10',
      '13 summary 60/100',
      '14 changed 9/10',
    ]);
  });

  it('ends after a calm time below two thirds of the threshold, with the figures of that time', () => {
    const { told, state } = play([window(10, 9), ...times(4, window(10, 1))]);
    expect(told).toEqual(['1 began 9/10', '4 ended 3/30']);
    expect(isThrottled(state)).toBe(false);
    expect(play([window(10, 9), ...times(5, window(10, 2))]).told).toEqual(['1 began 9/10']);
  });

  it('does not end for a pause shorter than the calm time, but for one that lasts', () => {
    const [busy, idle] = [window(10, 9), window(0, 0)];
    expect(play([busy, idle, idle, busy, idle, idle, busy]).told).toEqual(['1 began 9/10']);
    expect(play([busy, idle, idle, idle]).told).toEqual(['1 began 9/10', '4 ended 0/0']);
  });

  it('ends when the group goes to sleep, however few periods it had before', () => {
    expect(play([window(10, 8), window(3, 3), ...times(3, window(0, 0))]).told).toEqual([
      '1 began 8/10',
      '5 ended 0/0',
    ]);
  });

  it('does not end while a single throttled period comes now and then', () => {
    const rare = [window(1, 1), window(0, 0), window(0, 0)];
    expect(play([window(10, 8), ...times(30, rare).flat()]).told).not.toContainEqual(
      expect.stringContaining('ended'),
    );
  });

  it('ends after one clean window when the quota is lifted', () => {
    const lifted = { limit: null };
    const { told, reports } = play([window(10, 9), { ...lifted, window: window(3, 3) }, lifted, lifted]);
    expect(told).toEqual(['1 began 9/10', '3 ended 0/0']);
    expect(reports[1]).toMatchObject({ limit: null, window: { throttledSeconds: 0, usageSeconds: 0.2 } });
  });

  it('does not mix the figures of two limits, nor of before and after a reset', () => {
    const raised = { quotaUs: 40_000, periodUs: 100_000 };
    const after = (nrThrottled: number) => ({ limit: raised, window: window(10, nrThrottled) });
    expect(play([window(10, 9), after(9), after(1), after(1), after(1)]).told).toEqual([
      '1 began 9/10',
      '5 ended 3/30',
    ]);
    expect(play([window(4, 4), null, window(4, 4)]).told).toEqual([]);
  });

  it('tells soon what a new limit does, so that whoever set it can see', () => {
    const raised = { quotaUs: 40_000, periodUs: 100_000 };
    const after = { limit: raised, window: window(10, 4) };
    const { told, reports } = play([window(10, 9), after, after, after]);
    expect(told).toEqual(['1 began 9/10', '3 changed 4/10']);
    expect(reports[1]).toMatchObject({ limit: raised });
    expect(play([window(10, 9), null, window(10, 9)]).told).toEqual(['1 began 9/10']);
  });

  it('tells of every period at most once and ends only what began', () => {
    const anyWindow = fc
      .tuple(fc.nat(12), fc.nat(12))
      .map(([periods, throttled]) => window(periods, Math.min(periods, throttled)));
    const anySample = fc.record({
      window: fc.option(anyWindow, { freq: 8 }),
      limit: fc.constantFrom(LIMIT, LIMIT, LIMIT, null),
    });
    fc.assert(
      fc.property(fc.array(anySample, { maxLength: 60 }), (samples) => {
        const { reports } = play(samples);
        const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
        const seen = sum(samples.map((sample) => sample.window?.nrPeriods ?? 0));
        const told = sum(
          reports.filter(({ kind }) => kind !== 'ended').map((report) => report.window.nrPeriods),
        );
        expect(told).toBeLessThanOrEqual(seen);
        let open = false;
        for (const { kind } of reports) {
          expect(open).toBe(kind !== 'began');
          open = kind !== 'ended';
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('endOf', () => {
  it('tells what was measured since the last report, or the last report again', () => {
    const { state } = play([window(10, 9), window(10, 8)]);
    expect(endOf(state, 2500)).toMatchObject({ kind: 'ended', endMs: 2500, window: { nrThrottled: 8 } });
    expect(endOf(play([window(10, 9)]).state, 2500)).toMatchObject({
      kind: 'ended',
      endMs: 1000,
      window: { nrThrottled: 9 },
    });
    expect(endOf(play([window(10, 1)]).state, 2500)).toBeNull();
  });
});
