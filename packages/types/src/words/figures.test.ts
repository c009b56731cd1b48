import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  showBytes,
  showCores,
  showCount,
  showMilliseconds,
  showPercent,
  showSeconds,
  showWithheld,
} from './figures.ts';

it('shows amounts with their units, as short as they can be told', () => {
  expect([
    showPercent(85.5),
    showPercent(0),
    showCores(1),
    showCores(0.3333),
    showBytes(0),
    showBytes(1536),
    showBytes(536_870_912),
  ]).toEqual(['85.5%', '0%', '1 core', '0.333 cores', '0 B', '1.5 KiB', '512 MiB']);
  expect([0.254, 9.999, 350.4, 2350, 61_234].map(showMilliseconds)).toEqual([
    '0.25 ms',
    '10 ms',
    '350 ms',
    '2.35 s',
    '61.2 s',
  ]);
});

it('never takes what was not measured for 0', () => {
  const shows = [showPercent, showCores, showSeconds, showWithheld, showCount, showMilliseconds, showBytes];
  expect(new Set(shows.map((show) => show(null)))).toEqual(new Set(['not measured']));
  expect(shows.map((show) => show(0))).toEqual(['0%', '0 cores', '0 s', '0 ms/s', '0', '0 ms', '0 B']);
});

it('shows every number of bytes in a unit in which it is below 1024', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      expect(Number.parseFloat(showBytes(bytes))).toBeLessThanOrEqual(1024);
    }),
  );
});
