import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BandwidthSweep } from './bandwidth-sweep.ts';

const groups = fc.uniqueArray(fc.record({ id: fc.nat(20), periods: fc.nat() }), { selector: ({ id }) => id });

it('knows of each group what the latest sweep says, and of no other', () => {
  fc.assert(
    fc.property(fc.array(groups, { minLength: 1 }), (sweeps) => {
      const sweep = new BandwidthSweep(() => 0);
      for (const swept of sweeps)
        sweep.take({
          atMs: 0,
          ids: Float64Array.from(swept, ({ id }) => id),
          nrPeriods: Uint32Array.from(swept, ({ periods }) => periods),
        });
      const latest = new Map(sweeps.at(-1)?.map(({ id, periods }) => [id, periods]));
      for (let id = 0; id <= 20; id += 1) expect(sweep.periodsOf(id)).toBe(latest.get(id) ?? null);
    }),
  );
});

it('knows the new figures of the same groups', () => {
  const sweep = new BandwidthSweep(() => 0);
  const ids = Float64Array.of(3, 5);
  sweep.take({ atMs: 0, ids, nrPeriods: Uint32Array.of(1, 2) });
  sweep.take({ atMs: 1, ids, nrPeriods: Uint32Array.of(1, 4) });
  expect([3, 5, 7].map((id) => sweep.periodsOf(id))).toEqual([1, 4, null]);
});
