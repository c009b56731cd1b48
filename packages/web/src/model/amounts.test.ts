import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesText, coresText, millisecondsText, percentText } from './amounts.ts';

it('shows amounts with their units, as short as they can be told', () => {
  expect([percentText(85.5), percentText(0), coresText(1), coresText(0.3333), bytesText(0)]).toEqual([
    '85.5%',
    '0%',
    '1 core',
    '0.333 cores',
    '0 B',
  ]);
  expect([0.254, 9.999, 350.4, 2350, 61_234].map(millisecondsText)).toEqual([
    '0.25 ms',
    '10 ms',
    '350 ms',
    '2.35 s',
    '61.2 s',
  ]);
});

it('shows every number of bytes in a unit in which it is below 1024', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      expect(Number.parseFloat(bytesText(bytes))).toBeLessThanOrEqual(1024);
    }),
  );
});
