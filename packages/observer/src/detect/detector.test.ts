import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CpuLimit, CpuWindow } from '../rate/window.ts';
import {
  beginDetecting,
  detect,
  endOf,
  isIdle,
  isSuspect,
  isThrottled,
  type DetectorState,
  type Report,
  type Sample,
} from './detector.ts';
import { DETECTOR_DEFAULTS } from './settings.ts';

const settings = { ...DETECTOR_DEFAULTS, calmSeconds: 3 };
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

const quiet = (seconds: number) => times(seconds, window(0, 0));
const BEGAN = '3 began 27/30';
const busy = (seconds: number) => times(seconds, window(10, 9));

describe('what begins', () => {
  it('is sudden and goes on for three seconds, and is told once', () => {
    expect(play(times(6, window(10, 3))).told).toEqual(['3 began 9/30']);
    expect(play(times(600, window(10, 2))).told).toEqual([]);
  });

  it('is not a sidecar that wakes now and then and is throttled whenever it does', () => {
    const wakes = [window(2, 2), ...quiet(14)];
    expect(play([window(2, 2), ...quiet(4), window(2, 2)]).told).toEqual([]);
    expect(play(times(240, wakes).flat()).told).toEqual([]);
  });

  it('is not a blip of a second and a half, wherever it lies between two samples', () => {
    expect(play([window(4, 4), window(10, 10), window(1, 1), ...quiet(60)]).told).toEqual([]);
  });

  it('is not a share of periods in which next to nothing was withheld', () => {
    const slight = { ...window(10, 9), throttledSeconds: 0.029 };
    expect(play(times(600, slight)).told).toEqual([]);
  });

  it('is little that lasts: a second of work each second, half of it delayed', () => {
    expect(play(times(20, { ...window(2, 1), throttledSeconds: 0.045 })).told).toEqual([
      '5 began 5/10',
      '15 summary 10/20',
    ]);
  });

  it('is not judged by what was long ago', () => {
    const rare = [window(10, 9), ...quiet(89)];
    expect(play(times(20, rare).flat()).told).toEqual([]);
  });

  it('is told by few long samples as by many short ones', () => {
    expect(play([window(100, 90, 10)]).told).toEqual(['1 began 90/100']);
    expect(play(times(40, window(1, 1, 0.1))).reports[0]).toMatchObject({
      window: { nrPeriods: 30, nrThrottled: 30 },
    });
  });

  it('is told within four samples of its onset, whatever little was before', () => {
    const little = fc.tuple(fc.nat(12), fc.nat(1)).map(([n, throttled]) => window(n, Math.min(n, throttled)));
    fc.assert(
      fc.property(fc.array(little, { maxLength: 100 }), (before) => {
        expect(isThrottled(play([...before, ...busy(4)]).state)).toBe(true);
      }),
    );
  });

  it('is in doubt before it is told', () => {
    expect(isSuspect(play(busy(2)).state, settings)).toBe(true);
    expect(isSuspect(play([...busy(2), ...quiet(6)]).state, settings)).toBe(false);
    expect(isSuspect(play(times(2, window(10, 1))).state, settings)).toBe(false);
  });
});

describe('what goes on', () => {
  it('is summed up every ten seconds, without gap or overlap', () => {
    expect(play(times(23, window(10, 4))).told).toEqual([
      '3 began 12/30',
      '13 summary 40/100',
      '23 summary 40/100',
    ]);
  });

  it('is told at once when it gets worse, and with the next summary when it gets better', () => {
    const samples = [
      ...times(3, window(10, 4)),
      window(10, 6),
      window(10, 9),
      ...times(10, window(10, 6)),
      window(10, 9),
    ];
    expect(play(samples).told).toEqual([
      '3 began 12/30',
      '4 changed 6/10',
      '5 changed 9/10',
      '15 summary 60/100',
      '16 changed 9/10',
    ]);
  });

  it('is not told as 0 % while it only pauses', () => {
    const { told } = play([...times(3, [...busy(4), ...times(30, window(10, 0))]).flat(), ...busy(60)]);
    expect(told.filter((line) => line.includes(' summary 0'))).toEqual([]);
  });
});

describe('what ends', () => {
  it('was calm for a time below two thirds of the threshold, and is told with the figures of that time', () => {
    const { told, state } = play([...busy(3), ...times(4, window(10, 1))]);
    expect(told).toEqual([BEGAN, '6 ended 3/30']);
    expect(isThrottled(state)).toBe(false);
    expect(play([...busy(3), ...times(5, window(10, 2))]).told).toEqual([BEGAN]);
  });

  it('is calm where next to nothing is withheld any more, whatever the share', () => {
    const slight = { ...window(10, 9), throttledSeconds: 0.019 };
    expect(play([...busy(3), ...times(3, slight)]).told).toEqual([BEGAN, '6 ended 27/30']);
  });

  it('does not end for a pause shorter than the calm time, but for one that lasts', () => {
    expect(play([...busy(3), ...quiet(2), ...busy(1), ...quiet(2), ...busy(1)]).told).toEqual([BEGAN]);
    expect(play([...busy(3), ...quiet(3)]).told).toEqual([BEGAN, '6 ended 0/0']);
  });

  it('ends although a single throttled period comes now and then', () => {
    const rare = [window(1, 1), ...quiet(9)];
    expect(play([...busy(3), ...times(2, rare).flat()]).told.at(-1)).toContain('ended');
  });

  it('ends after one clean window when the quota is lifted', () => {
    const lifted = { limit: null };
    const { told, reports } = play([...busy(3), { ...lifted, window: window(3, 3) }, lifted, lifted]);
    expect(told).toEqual([BEGAN, '5 ended 0/0']);
    expect(reports[1]).toMatchObject({ limit: null, window: { throttledSeconds: 0, usageSeconds: 0.2 } });
  });
});

describe('a limit that is changed, or a reset', () => {
  const raised = { quotaUs: 40_000, periodUs: 100_000 };

  it('does not mix the figures of before and after', () => {
    const after = (nrThrottled: number) => ({ limit: raised, window: window(10, nrThrottled) });
    expect(play([...busy(3), after(9), after(1), after(1), after(1)]).told).toEqual([BEGAN, '7 ended 3/30']);
    expect(play([...busy(2), null, ...busy(2)]).told).toEqual([]);
  });

  it('tells soon what a new limit does, so that whoever set it can see', () => {
    const after = { limit: raised, window: window(10, 4) };
    const { told, reports } = play([...busy(3), after, after, after]);
    expect(told).toEqual([BEGAN, '5 changed 4/10']);
    expect(reports[1]).toMatchObject({ limit: raised });
    expect(play([...busy(3), null, ...busy(1)]).told).toEqual([BEGAN]);
  });

  it('begins a new row of episodes under another limit, but not after a reset', () => {
    const { state } = play(times(5, [...busy(4), ...quiet(300)]).flat());
    expect(state.habit).not.toBeNull();
    expect(play([null], state).state.habit).not.toBeNull();
    expect(play([{ limit: raised }], state).state.habit).toBeNull();
  });
});

describe('what comes again and again', () => {
  const hour = (seconds: number) => [...busy(seconds), ...quiet(3600 - seconds)];
  const begun = (samples: readonly CpuWindow[], from?: DetectorState): number =>
    play(samples, from).told.filter((line) => line.includes('began')).length;

  it('is one episode after a few pauses', () => {
    expect(begun(times(100, [...busy(10), ...quiet(30)]).flat())).toBeLessThanOrEqual(5);
  });

  it('is told three times in a day when it is short, and a fourth time when it lasts', () => {
    const { state } = play(times(24, hour(20)).flat());
    expect(begun(times(24, hour(20)).flat())).toBe(3);
    expect(begun(busy(44), state)).toBe(0);
    expect(begun(busy(45), state)).toBe(1);
  });

  it('is told at once when it is far worse than before', () => {
    const { state } = play(times(24, hour(20)).flat());
    const worse = { ...window(10, 9), throttledSeconds: 3 };
    expect(begun(times(3, worse), state)).toBe(1);
  });

  it('is new again when it did not come for a day', () => {
    const { state } = play([...times(5, hour(20)).flat(), ...quiet(24 * 3600)]);
    expect(isIdle(state)).toBe(true);
    expect(begun(busy(3), state)).toBe(1);
  });
});

describe('detect', () => {
  const anyWindow = fc.tuple(fc.nat(12), fc.nat(12), fc.nat(100)).map(([periods, throttled, ms]) => ({
    ...window(periods, Math.min(periods, throttled)),
    throttledSeconds: (Math.min(periods, throttled) * ms) / 1000,
  }));
  const anySample = fc.record({
    window: fc.option(anyWindow, { freq: 20 }),
    limit: fc.constantFrom(LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, null),
  });
  const runs = fc
    .array(
      fc.tuple(anySample, fc.integer({ min: 1, max: 40 })).map(([sample, length]) => times(length, sample)),
      { maxLength: 30 },
    )
    .map((all) => all.flat());

  it('tells of every period at most once and ends only what began', () => {
    fc.assert(
      fc.property(runs, (samples) => {
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

  it('begins only with figures that bear it out, and says 0 % only at the end', () => {
    fc.assert(
      fc.property(runs, (samples) => {
        for (const { kind, window: shown } of play(samples).reports) {
          if (kind !== 'ended') expect(shown.nrThrottled).toBeGreaterThan(0);
          if (kind !== 'began') continue;
          expect(shown.nrPeriods).toBeGreaterThanOrEqual(settings.minPeriods);
          expect(shown.nrThrottled / shown.nrPeriods).toBeGreaterThanOrEqual(settings.enterPercent / 100);
          expect(shown.throttledSeconds / shown.seconds).toBeGreaterThanOrEqual(0.03);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is not changed by a quiet sample while it is idle, and remembers a few numbers whatever happens', () => {
    fc.assert(
      fc.property(runs, (samples) => {
        const { state } = play(samples);
        expect(JSON.stringify(state).length).toBeLessThan(2000);
        const { limit } = state;
        const next = detect(state, { window: window(7, 0), limit, endMs: 0 }, settings);
        if (isIdle(state)) expect(next).toEqual({ state, report: null });
      }),
      { numRuns: 300 },
    );
  });
});

describe('endOf', () => {
  it('tells what was measured since the last report, or the last report again', () => {
    const { state } = play([...busy(3), window(10, 8)]);
    expect(endOf(state, 4500)).toMatchObject({ kind: 'ended', endMs: 4500, window: { nrThrottled: 8 } });
    expect(endOf(play(busy(3)).state, 4500)).toMatchObject({
      kind: 'ended',
      endMs: 3000,
      window: { nrThrottled: 27 },
    });
    expect(endOf(play([window(10, 1)]).state, 2500)).toBeNull();
  });
});
