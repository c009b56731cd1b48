import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABSENT, parseFlatKeyed, parseNumber } from './flat-keyed.ts';

const KEYS = ['nr_periods', 'nr_throttled', 'throttled_time'].map((key) => Buffer.from(key));
const parse = (bytes: Buffer | string, length?: number): readonly number[] => {
  const values = new Float64Array(KEYS.length);
  const buffer = Buffer.from(bytes);
  parseFlatKeyed(buffer, length ?? buffer.length, KEYS, values);
  return [...values];
};

describe('parseFlatKeyed', () => {
  it('goes by key, in any order and among any others', () => {
    expect(parse('nr_bursts 9\nthrottled_time 7\nnr_periods_x 8\nnr_throttled 2\nnr_periods 30\n')).toEqual([
      30, 2, 7,
    ]);
  });

  it('takes what is not there, or is no whole number, as absent', () => {
    expect(parse('nr_periods -3\nnr_throttled x\n')).toEqual([ABSENT, ABSENT, ABSENT]);
    expect(parse('nr_periods\nnr_throttled \nthrottled_time 1 2\n')).toEqual([ABSENT, ABSENT, ABSENT]);
  });

  it('does not look behind the bytes that were read', () => {
    expect(parse('nr_periods 12345\nnr_throttled 6', 14)).toEqual([123, ABSENT, ABSENT]);
  });

  it('reads any counters back', () => {
    fc.assert(
      fc.property(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat()), (counters) => {
        const text = counters.map((value, index) => `${KEYS[index]!.toString()} ${value}\n`).join('');
        expect(parse(text)).toEqual(counters);
      }),
    );
  });

  it('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parse(Buffer.from(bytes)).every((value) => value === ABSENT || value >= 0)).toBe(true);
      }),
    );
    const broken = fc.array(fc.constantFrom('nr_periods', 'nr_throttled', ' ', '\n', '7', '-', '\0'));
    fc.assert(
      fc.property(broken, (parts) => {
        expect(parse(parts.join('')).every((value) => value === ABSENT || value >= 0)).toBe(true);
      }),
    );
  });
});

describe('parseNumber', () => {
  it.each([
    ['-1\n', -1],
    ['100000\n', 100_000],
    ['', null],
    ['max\n', null],
    ['1 2\n', null],
  ])('%j is %j', (text, value) => {
    expect(parseNumber(Buffer.from(text), text.length)).toBe(value);
  });
});
