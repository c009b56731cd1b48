import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CALM_MEMORY,
  detectMemory,
  endOfMemory,
  MEMORY_SETTINGS,
  type MemoryReport,
  type MemoryState,
} from './detector.ts';
import { usedPercent, type MemoryLevel, type Stall } from '../rate/memory-window.ts';

const settings = { ...MEMORY_SETTINGS, calmSeconds: 3, summarySeconds: 10 };
const level = (percent: number | null): MemoryLevel =>
  percent === null
    ? { usageBytes: 500, workingSetBytes: null, limitBytes: null }
    : { usageBytes: percent * 10, workingSetBytes: null, limitBytes: 1000 };

interface Second {
  readonly percent?: number | null;
  readonly kills?: number | null;
  readonly stall?: Stall;
  readonly isShadowed?: boolean;
  /** The readings at its ends cannot be compared. */
  readonly isBroken?: boolean;
}

/** Plays seconds; answers what was reported, as `second kind percent kills stalled`. */
function play(seconds: readonly Second[]) {
  let state: MemoryState = CALM_MEMORY;
  let before = level(seconds[0]?.percent ?? null);
  const reports: MemoryReport[] = [];
  seconds.forEach(
    ({ percent = 10, kills = 0, stall = null, isShadowed = false, isBroken = false }, index) => {
      const now = level(percent);
      const highest = (usedPercent(now) ?? 0) >= (usedPercent(before) ?? 0) ? now : before;
      const window = { seconds: 1, oomKills: kills, highest, stall };
      before = now;
      const step = detectMemory(
        state,
        {
          window: isBroken ? null : window,
          level: now,
          endMs: (index + 1) * 1000,
          isShadowed,
          isStallRead: true,
        },
        settings,
      );
      state = step.state;
      if (step.report !== null) reports.push(step.report);
    },
  );
  const told = reports.map(
    ({ endMs, kind, window: { highest, oomKills, stall } }) =>
      `${endMs / 1000} ${kind} ${usedPercent(highest)}% ${oomKills}${stall === null ? '' : ` ${stall.stalledSeconds}/${stall.seconds}`}`,
  );
  return { state, reports, told };
}
const times = (count: number, second: Second): Second[] => Array.from({ length: count }, () => second);
const NEAR = { percent: 95 };
/** A reading of the stall every fifth second. */
const stalls = (count: number, stalledSeconds: number, rest: Second = {}): Second[] =>
  Array.from({ length: count }, (_, index) =>
    (index + 1) % 5 === 0 ? { ...rest, stall: { stalledSeconds, seconds: 5 } } : rest,
  );

describe('detectMemory', () => {
  it('tells of a group that is near its limit for ten seconds, once, then sums up', () => {
    const { told, reports } = play(times(31, NEAR));
    expect(told).toEqual(['11 began 95% 0', '21 summary 95% 0', '31 summary 95% 0']);
    expect(reports.map(({ window }) => window.seconds)).toEqual([10, 10, 10]);
  });

  it('says nothing of a peak, nor of a group without a limit', () => {
    const peak = [...times(10, NEAR), { percent: 89 }];
    expect(play([...peak, ...peak, ...peak]).told).toEqual([]);
    expect(play(times(60, { percent: null })).told).toEqual([]);
  });

  it('ends below the lower bound only, after a calm time', () => {
    const near = times(11, NEAR);
    expect(play([...near, ...times(9, { percent: 85 })]).told).toEqual(['11 began 95% 0']);
    expect(play([...near, ...times(9, { percent: 70 })]).told).toEqual(['11 began 95% 0', '14 ended 70% 0']);
    const wavering = [{ percent: 70 }, { percent: 70 }, { percent: 85 }];
    expect(play([...near, ...wavering, ...wavering, ...wavering]).told).toEqual(['11 began 95% 0']);
  });

  it('tells of a kill at once, whatever the usage, and holds it for a minute', () => {
    const { told } = play([{}, { kills: 1 }, ...times(70, {})]);
    expect(told).toEqual(['2 began 10% 1', '64 ended 10% 0']);
    expect(play([{ percent: null }, { percent: null, kills: 1 }]).told).toEqual(['2 began null% 1']);
  });

  it('tells of each further kill at once, once', () => {
    const { told } = play([{}, { kills: 1 }, {}, { kills: 2 }, {}, {}, { kills: 1 }]);
    expect(told).toEqual(['2 began 10% 1', '4 changed 10% 2', '7 changed 10% 1']);
    const dying = play([...times(5, NEAR), { ...NEAR, kills: 1 }, ...times(12, NEAR)]);
    expect(dying.told).toEqual(['6 began 95% 1', '16 summary 95% 0']);
  });

  it('does not take a kill for none where nobody counts', () => {
    expect(play(times(11, { ...NEAR, kills: null })).told).toEqual(['11 began 95% null']);
  });

  it('tells of tasks that wait a tenth of the time, over two readings in a row', () => {
    expect(play(stalls(9, 5)).told).toEqual([]);
    expect(play(stalls(10, 0.4)).told).toEqual([]);
    const { told, reports } = play(stalls(22, 0.6, { percent: null }));
    expect(told).toEqual(['10 began null% 0 1.2/10', '20 summary null% 0 1.2/10']);
    expect(reports[0]!.window.seconds).toBe(10);
    expect(play([...stalls(10, 0.6), ...stalls(20, 0)]).told).toEqual([
      '10 began 10% 0 1.2/10',
      expect.stringMatching(/^17 ended/),
    ]);
  });

  it('does not go on with a stall that cannot be read any more', () => {
    expect(play([...stalls(10, 1), ...times(30, {})]).told).toEqual([
      '10 began 10% 0 2/10',
      expect.stringMatching(/^2\d ended/),
    ]);
  });

  it('tells at once when a group that was waiting comes near its limit', () => {
    const { told } = play([...stalls(10, 1), ...stalls(12, 1, NEAR)]);
    expect(told[0]).toBe('10 began 10% 0 2/10');
    expect(told.some((line) => /^\d+ (changed|summary) 95%/.test(line))).toBe(true);
  });

  it('says nothing of what is shadowed, but its kills and its end', () => {
    expect(play(times(40, { ...NEAR, isShadowed: true })).told).toEqual([]);
    expect(play([...times(40, { ...NEAR, isShadowed: true }), ...times(10, NEAR)]).told).toEqual([]);
    expect(
      play([...times(9, { ...NEAR, isShadowed: true }), { ...NEAR, isShadowed: true, kills: 1 }]).told,
    ).toEqual(['10 began 95% 1']);
    const { told } = play([
      ...times(11, NEAR),
      ...times(20, { ...NEAR, isShadowed: true }),
      ...times(4, { isShadowed: true }),
    ]);
    expect(told).toEqual(['11 began 95% 0', expect.stringMatching(/^3\d ended/)]);
  });

  it('does not reckon over a gap', () => {
    expect(play([...times(8, NEAR), { ...NEAR, isBroken: true }, ...times(10, NEAR)]).told).toEqual([]);
    expect(play([{}, { kills: 1 }, { kills: 1, isBroken: true }]).told).toEqual(['2 began 10% 1']);
  });

  it('tells of every kill exactly once, and ends only what began', () => {
    const anySecond: fc.Arbitrary<Second> = fc.record({
      percent: fc.constantFrom(10, 85, 95, null),
      kills: fc.constantFrom(0, 0, 0, 0, 1, 2),
      isShadowed: fc.boolean(),
    });
    const run = fc
      .tuple(anySecond, fc.nat(15))
      .map(([second, length]) => [second, ...times(length, { ...second, kills: 0 })]);
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), (runs) => {
        const seconds = runs.flat();
        const { reports } = play(seconds);
        const told = reports.reduce(
          (sum, { kind, window }) => sum + (kind === 'ended' ? 0 : window.oomKills!),
          0,
        );
        expect(told).toBe(seconds.reduce((sum, { kills }) => sum + (kills ?? 0), 0));
        let open = false;
        for (const { kind, window } of reports) {
          // A report may be kept back while its cause is told of elsewhere; the beginning and the end are not.
          expect(open).toBe(kind !== 'began');
          open = kind !== 'ended';
          if (!open) expect(usedPercent(window.highest) ?? 0).toBeLessThan(settings.leavePercent);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('endOfMemory', () => {
  it('tells what was measured since the last report, or the last report again', () => {
    const killed = play([{}, { kills: 1 }]);
    expect(endOfMemory(killed.state, 2500)).toMatchObject({
      kind: 'ended',
      endMs: 2000,
      window: { oomKills: 1 },
    });
    const later = play([{}, { kills: 1 }, {}]);
    expect(endOfMemory(later.state, 3000)).toMatchObject({
      kind: 'ended',
      endMs: 3000,
      window: { oomKills: 0 },
    });
    expect(endOfMemory(play([{}]).state, 1000)).toBeNull();
  });
});
