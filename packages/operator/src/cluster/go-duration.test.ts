import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGoDuration } from './go-duration.ts';

/** As Go's Duration.String() writes a length of at least a second. */
const written = (nanoseconds: number): string => {
  const seconds = Math.floor(nanoseconds / 1e9);
  const rest = String(nanoseconds % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const tail = `${seconds % 60}${rest === '' ? '' : `.${rest}`}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return tail;
  return minutes < 60 ? `${minutes}m${tail}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${tail}`;
};

describe('a length of time as Go writes it', () => {
  it.each([
    ['15.5s', 15.5],
    ['1m0s', 60],
    ['1h2m3.5s', 3723.5],
    ['300ms', 0.3],
    ['12.5µs', 0.0000125],
    ['10.062s', 10.062],
  ])('%s is %d s', (text, seconds) => {
    expect(parseGoDuration(text)).toBe(seconds);
  });

  it.each(['', '0s', '15', 's', '-5s', '1m 0s', '1d', '15.5', `${'9'.repeat(400)}h`])(
    '%j is none',
    (text) => {
      expect(parseGoDuration(text)).toBeNull();
    },
  );

  it('is read back to the nanosecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1e9, max: 1e13 }), (nanoseconds) => {
        expect(Math.round(parseGoDuration(written(nanoseconds))! * 1e9)).toBe(nanoseconds);
      }),
    );
  });
});
