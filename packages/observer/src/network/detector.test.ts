import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, COUNTERS, type Counters } from './counters.ts';
import { beginWatching, detectNetwork, endOfNetwork, type NetworkReport } from './detector.ts';
import { SYMPTOM_OF } from './measures.ts';
import { NETWORK_DETECTOR_DEFAULTS } from './settings.ts';
import { attemptedOf, failedPercent } from './tally.ts';
import type { NetworkWindow } from './window.ts';

const settings = NETWORK_DETECTOR_DEFAULTS;

const window = (grown: Partial<Counters>, seconds = 10): NetworkWindow => ({
  seconds,
  established: 0,
  received: null,
  sent: null,
  grown: { ...collect(COUNTERS.map((name) => [name, 0])), ...grown },
});
/** So many segments, and how many of them were sent again. */
const segments = (all: number, again: number, seconds = 10): NetworkWindow =>
  window({ TcpOutSegs: all - again, TcpRetransSegs: again }, seconds);
const refused = (all: number, failed: number): Partial<Counters> => ({
  TcpActiveOpens: all,
  TcpAttemptFails: failed,
});
const times = <A>(count: number, item: A): A[] => Array.from({ length: count }, () => item);

/** Plays windows, one every ten seconds; answers what was reported, as `number kind symptom failed/attempted`. */
function play(windows: readonly (NetworkWindow | null)[]) {
  let state = beginWatching();
  const reports: NetworkReport[] = [];
  windows.forEach((each, index) => {
    const step = detectNetwork(state, { window: each, endMs: index + 1 }, settings);
    state = step.state;
    if (step.report !== null) reports.push(step.report);
  });
  const told = reports.map(
    ({ endMs, kind, measure, window: tally }) =>
      `${endMs} ${kind} ${SYMPTOM_OF[measure]} ${tally.failed}/${attemptedOf(tally)}`,
  );
  return { state, reports, told };
}

describe('detectNetwork', () => {
  it('begins at the threshold, once', () => {
    expect(play(times(3, segments(100, 5))).told).toEqual(['1 began retransmits 5/100']);
    expect(play(times(3, segments(100, 4))).told).toEqual([]);
  });

  it('adds windows up until there are attempts enough, for a minute', () => {
    expect(play(times(5, segments(20, 2))).told).toEqual(['3 began retransmits 6/60']);
    expect(
      play([...times(5, segments(8, 4)), ...times(6, segments(0, 0)), ...times(5, segments(8, 4))]).told,
    ).toEqual([]);
  });

  it('ends after a calm time below the lower threshold, with the figures of that time', () => {
    expect(play([segments(100, 9), ...times(5, segments(100, 1))]).told).toEqual([
      '1 began retransmits 9/100',
      '4 ended retransmits 3/300',
    ]);
    expect(play([segments(100, 9), ...times(5, segments(100, 3))]).told).toEqual([
      '1 began retransmits 9/100',
    ]);
    const wavering = [
      segments(100, 9),
      ...times(3, [segments(100, 1), segments(100, 1), segments(100, 3)]).flat(),
    ];
    expect(play(wavering).told).toEqual(['1 began retransmits 9/100', '7 summary retransmits 10/600']);
  });

  it('is over when nothing more is tried', () => {
    expect(play([segments(100, 9), ...times(3, segments(0, 0))]).told).toEqual([
      '1 began retransmits 9/100',
      '4 ended retransmits 0/0',
    ]);
  });

  it('sums up every minute, without gap or overlap', () => {
    expect(play(times(13, segments(100, 10))).told).toEqual([
      '1 began retransmits 10/100',
      '7 summary retransmits 60/600',
      '13 summary retransmits 60/600',
    ]);
  });

  it('tells at once when it gets worse by a band, and not within one', () => {
    expect(play([segments(100, 9), segments(100, 10), segments(100, 11), segments(100, 90)]).told).toEqual([
      '1 began retransmits 9/100',
      '3 changed retransmits 11/100',
    ]);
  });

  it('tells the worst of several symptoms, and another one when it is in a worse band', () => {
    const both = (again: number, failed: number) =>
      window({ TcpOutSegs: 100 - again, TcpRetransSegs: again, ...refused(20, failed) });
    expect(play([both(10, 5), both(30, 5), both(30, 11), both(40, 11)]).told).toEqual([
      '1 began connection_failures 5/20',
      '2 changed retransmits 30/100',
    ]);
    expect(play([both(10, 0), both(10, 6), both(10, 18)]).told).toEqual([
      '1 began retransmits 10/100',
      '3 changed connection_failures 18/20',
    ]);
  });

  it('goes on with what is left when the one told is over, and ends when all are', () => {
    const both = (again: number, failed: number) =>
      window({ TcpOutSegs: 100 - again, TcpRetransSegs: again, ...refused(20, failed) });
    expect(play([both(10, 12), ...times(6, both(10, 0)), ...times(3, both(0, 0))]).told).toEqual([
      '1 began connection_failures 12/20',
      '7 changed retransmits 60/600',
      '10 ended retransmits 0/300',
    ]);
    const { told, state } = play([both(10, 12), ...times(4, both(10, 0))]);
    expect(told).toEqual(['1 began connection_failures 12/20']);
    expect(endOfNetwork(state, 99)).toMatchObject({ measure: 'retransmits', window: { failed: 40 } });
  });

  it('tells connections that stood once, however many windows are joined', () => {
    const resets = { ...window({ TcpEstabResets: 1, TcpActiveOpens: 2 }), established: 14 };
    expect(play(times(3, resets)).told).toEqual([]);
    expect(play(times(4, { ...resets, grown: { ...resets.grown, TcpEstabResets: 3 } })).told).toEqual([
      '3 began resets 9/20',
    ]);
  });

  it('lets go of what it gathered where figures cannot be compared, and keeps what it told', () => {
    expect(play([...times(2, segments(20, 2)), null, ...times(2, segments(20, 2))]).told).toEqual([]);
    const { told, state } = play([segments(100, 9), ...times(2, segments(100, 1)), null, segments(100, 1)]);
    expect(told).toEqual(['1 began retransmits 9/100']);
    expect(endOfNetwork(state, 99)).toMatchObject({ kind: 'ended', endMs: 99, window: { failed: 1 } });
  });

  it('has a last word only where something was told: what was measured since, or what was told', () => {
    expect(endOfNetwork(beginWatching(), 99)).toBeNull();
    expect(endOfNetwork(play([segments(100, 9)]).state, 99)).toMatchObject({
      endMs: 1,
      window: { failed: 9 },
    });
    expect(endOfNetwork(play([segments(100, 9), segments(100, 8)]).state, 99)).toMatchObject({
      endMs: 99,
      window: { failed: 8 },
    });
  });

  it('begins, goes on and ends in turn, and tells no segment twice', () => {
    const figure = fc.nat(40);
    const run = fc
      .tuple(figure, figure, figure, figure, fc.integer({ min: 1, max: 10 }))
      .map(([out, again, opens, fails, length]) =>
        times(length, window({ TcpOutSegs: out, TcpRetransSegs: again, ...refused(opens, fails) })),
      );
    const gap = fc.constant([null]);
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 8, arbitrary: run }, { weight: 1, arbitrary: gap })),
        (runs) => {
          const windows = runs.flat();
          let open = false;
          let sentAgain = 0;
          const { reports, state } = play(windows);
          for (const { kind, measure, window: tally } of reports) {
            expect(kind !== 'began').toBe(open);
            open = kind !== 'ended';
            if (kind === 'began')
              expect(failedPercent(tally)).toBeGreaterThanOrEqual(settings.thresholds[measure].enterPercent);
            if (kind === 'ended' && tally.failed > 0)
              expect(failedPercent(tally)).toBeLessThan(settings.thresholds[measure].leavePercent);
            if (measure === 'retransmits' && kind === 'summary') sentAgain += tally.failed;
          }
          expect(endOfNetwork(state, 0) !== null).toBe(open);
          expect(sentAgain).toBeLessThanOrEqual(
            windows.reduce((sum, each) => sum + (each?.grown.TcpRetransSegs ?? 0), 0),
          );
        },
      ),
      { numRuns: 400 },
    );
  });
});
