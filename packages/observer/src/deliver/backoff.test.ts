import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, retryAfterMs } from './backoff.ts';

describe('backoffMs', () => {
  it('doubles up to half a minute, with a random half', () => {
    expect([1, 2, 3, 7, 8, 1000].map((failures) => backoffMs(failures, 1))).toEqual([
      500, 1000, 2000, 30_000, 30_000, 30_000,
    ]);
    expect(backoffMs(1, 0)).toBe(250);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2024-03-15T10:30:00Z');
  it.each<[string | null, number | null]>([
    ['7', 7000],
    [' 0 ', 0],
    ['Fri, 15 Mar 2024 10:30:09 GMT', 9000],
    ['Fri, 15 Mar 2024 10:00:00 GMT', 0],
    ['999999999', 300_000],
    ['soon', null],
    [null, null],
  ])('of %j is %j', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });

  it('is always bounded', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = retryAfterMs(header, now) ?? 0;
        expect(ms >= 0 && ms <= 300_000).toBe(true);
      }),
    );
  });
});
