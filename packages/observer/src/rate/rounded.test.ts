import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rounded } from './rounded.ts';

it('keeps six digits after the point, and no more', () => {
  expect(rounded(2 / 3)).toBe(0.666667);
  expect(rounded(100)).toBe(100);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (value) => {
      expect(Math.abs(rounded(value) - value)).toBeLessThan(5.01e-7);
      expect(rounded(rounded(value))).toBe(rounded(value));
    }),
  );
});
