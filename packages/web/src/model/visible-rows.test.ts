import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetsOf, rangeOf, scrollFor } from './visible-rows.ts';

const heights = fc.array(fc.constantFrom(38, 46, 92), { minLength: 1, maxLength: 300 });

describe('the rows that are drawn', () => {
  it('are all that are seen, and few others', () => {
    fc.assert(
      fc.property(heights, fc.nat(20_000), fc.integer({ min: 0, max: 900 }), (all, top, height) => {
        const offsets = offsetsOf(all);
        const { first, end } = rangeOf(offsets, { top, height });
        all.forEach((rowHeight, row) => {
          const begin = offsets[row] ?? 0;
          const isSeen = begin < top + height && begin + rowHeight > top;
          if (isSeen) expect(row >= first && row < end).toBe(true);
        });
        expect(end - first).toBeLessThanOrEqual(Math.ceil(height / 38) + 15);
      }),
    );
  });

  it('are none of no rows', () => {
    expect(rangeOf(offsetsOf([]), { top: 0, height: 500 })).toEqual({ first: 0, end: 0 });
  });

  it('are scrolled to so that one is seen as a whole, and not where it is seen already', () => {
    fc.assert(
      fc.property(
        heights,
        fc.nat(),
        fc.nat(20_000),
        fc.integer({ min: 92, max: 900 }),
        (all, any, top, height) => {
          const row = any % all.length;
          const offsets = offsetsOf(all);
          const to = scrollFor(offsets, row, { top, height });
          expect(offsets[row] ?? 0).toBeGreaterThanOrEqual(to);
          expect(offsets[row + 1] ?? 0).toBeLessThanOrEqual(to + height);
          expect(scrollFor(offsets, row, { top: to, height })).toBe(to);
        },
      ),
    );
  });
});
