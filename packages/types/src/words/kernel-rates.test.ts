import { expect, it } from 'vitest';
import { throttledShare, withheldRate } from './kernel-rates.ts';

it('tells a rate only where run time and window were measured', () => {
  expect(withheldRate({ throttled_seconds: 0.5, window_seconds: 10 })).toBe(50);
  expect(withheldRate({ throttled_seconds: 0, window_seconds: 10 })).toBe(0);
  expect(withheldRate({ throttled_seconds: null, window_seconds: 10 })).toBeNull();
  expect(withheldRate({ throttled_seconds: 1, window_seconds: 0 })).toBeNull();
});

it('tells a share only where periods were counted', () => {
  expect(throttledShare({ nr_throttled: 258, nr_periods: 300 })).toBe(86);
  expect(throttledShare({ nr_throttled: 0, nr_periods: 300 })).toBe(0);
  expect(throttledShare({ nr_throttled: null, nr_periods: 300 })).toBeNull();
  expect(throttledShare({ nr_throttled: 1, nr_periods: null })).toBeNull();
  expect(throttledShare({ nr_throttled: 0, nr_periods: 0 })).toBeNull();
});
