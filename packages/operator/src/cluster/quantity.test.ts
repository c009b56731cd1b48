import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuantity } from './quantity.ts';

const DECIMALS = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 } as const;
const BINARIES = { Ki: 1n, Mi: 2n, Gi: 3n, Ti: 4n, Pi: 5n, Ei: 6n } as const;
const digits = fc.nat(2 ** 31 - 1);

describe('a Kubernetes quantity', () => {
  it.each([
    ['196853291n', 0.196853291],
    ['250m', 0.25],
    ['2', 2],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['+3k', 3000],
    ['-1', -1],
    ['63208Ki', 64_724_992],
    ['1.5Gi', 1_610_612_736],
    ['1E', 1e18],
    ['1E3', 1000],
    ['12e6', 12_000_000],
    ['128974848000m', 128_974_848],
  ])('%s is %d', (text, value) => {
    expect(parseQuantity(text)).toBe(value);
  });

  it.each([
    '',
    'm',
    '.',
    '1 m',
    '1mi',
    '1ki',
    '1Kib',
    '0x10',
    '1e',
    '1e3m',
    '--1',
    'NaN',
    'Infinity',
    '1e999',
  ])('%j is none', (text) => {
    expect(parseQuantity(text)).toBeNull();
  });

  it('is the double that lies nearest to what is written, whatever the unit', () => {
    fc.assert(
      fc.property(digits, fc.constantFrom(...Object.entries(DECIMALS)), (count, [unit, exponent]) => {
        // Both sides of the division are exact in a double, and so its result is the nearest one.
        const expected =
          exponent < 0 ? count / 10 ** -exponent : Number(BigInt(count) * 10n ** BigInt(exponent));
        expect(parseQuantity(`${count}${unit}`)).toBe(expected);
      }),
    );
    fc.assert(
      fc.property(digits, fc.constantFrom(...Object.entries(BINARIES)), (count, [unit, power]) => {
        expect(parseQuantity(`${count}${unit}`)).toBe(Number(BigInt(count) * 1024n ** power));
      }),
    );
  });

  it('is a finite number or null, whatever the text', () => {
    const like = fc.stringMatching(/^[-+.0-9eEnumkKMGTPi ]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(like, fc.string()), (text) => {
        const value = parseQuantity(text);
        expect(value === null || Number.isFinite(value)).toBe(true);
      }),
    );
  });
});
