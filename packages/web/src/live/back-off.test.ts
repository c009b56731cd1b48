import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

it('waits longer each time, never long, and not as long as all the others', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const wait = backOffMs(attempt, random);
      expect(wait).toBeGreaterThanOrEqual(250);
      expect(wait).toBeLessThanOrEqual(30_000);
      expect(backOffMs(attempt + 1, random)).toBeGreaterThanOrEqual(wait);
    }),
  );
});

it('spreads three hundred pages that lost one operator: no tenth of a second has more than a few of them', () => {
  const waits = Array.from({ length: 300 }, (_, page) => backOffMs(0, page / 300));
  const tenths = Map.groupBy(waits, (wait) => Math.floor(wait / 100));
  expect(Math.max(...[...tenths.values()].map(({ length }) => length))).toBeLessThanOrEqual(10);
  expect(Math.max(...waits)).toBeLessThanOrEqual(5_000);
});
