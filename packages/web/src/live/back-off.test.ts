import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

it('waits longer each time, never long, and not as long as all the others', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const wait = backOffMs(attempt, random);
      expect(wait).toBeGreaterThanOrEqual(250);
      expect(wait).toBeLessThanOrEqual(15_000);
      expect(backOffMs(attempt + 1, random)).toBeGreaterThanOrEqual(wait);
    }),
  );
});
