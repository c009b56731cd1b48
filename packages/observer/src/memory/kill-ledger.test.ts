import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_LEDGER, settle, type KillLedger } from './kill-ledger.ts';

/** Plays readings, each the pod's count and what was told of its containers since the one before; answers what is to be told. */
const play = (
  readings: readonly (readonly [count: number, told: number])[],
  from: KillLedger = EMPTY_LEDGER,
) => {
  let ledger = from;
  return readings.map(([count, told]) => {
    const step = settle(ledger, count, told);
    ledger = step.ledger;
    return step.kills;
  });
};
const BORN: KillLedger = { settled: 0, missing: 0 };

describe('the ledger of a pod’s kills', () => {
  it('leaves to the container what the container told', () => {
    expect(
      play([
        [3, 0],
        [4, 1],
        [4, 0],
        [4, 0],
      ]),
    ).toEqual([0, 0, 0, 0]);
  });

  it('waits for the container whose files were read just before the kill', () => {
    expect(
      play([
        [0, 0],
        [1, 0],
        [1, 1],
        [1, 0],
      ]),
    ).toEqual([0, 0, 0, 0]);
  });

  it('tells with the second reading what no container told', () => {
    expect(
      play([
        [0, 0],
        [2, 0],
        [2, 0],
        [2, 0],
      ]),
    ).toEqual([0, 0, 2, 0]);
    expect(
      play(
        [
          [1, 0],
          [1, 0],
        ],
        BORN,
      ),
    ).toEqual([0, 1]);
  });

  it('lets go of what a container tells of the time before the pod was read', () => {
    expect(
      play([
        [5, 0],
        [5, 1],
        [6, 0],
        [6, 0],
      ]),
    ).toEqual([0, 0, 0, 1]);
  });

  it('tells of each kill once, whoever is read first and whichever container is gone', () => {
    // A kill is seen by its container now, by it one reading later, or never, as the container is gone.
    const kill = fc.constantFrom('now', 'later', 'never');
    fc.assert(
      fc.property(fc.array(fc.array(kill, { maxLength: 3 }), { maxLength: 20 }), (rounds) => {
        const of = (round: number, what: string): number =>
          (rounds[round] ?? []).filter((seen) => seen === what).length;
        let count = 0;
        const readings = [...rounds, [], [], [], []].map((kills, round): [number, number] => {
          count += kills.length;
          return [count, of(round, 'now') + of(round - 1, 'later')];
        });
        const told = play(readings, BORN).reduce((sum, kills) => sum + kills, 0);
        expect(told).toBe(rounds.flat().filter((seen) => seen === 'never').length);
      }),
      { numRuns: 300 },
    );
  });
});
