import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { count, counter, moment, nanoseconds, needed } from './cell.ts';
import { timeText } from './common.ts';

describe('a time', () => {
  it.each([
    ['2026-01-01T00:00:00Z', 1_767_225_600_000_000_000n],
    ['2026-01-01T01:00:00.1+01:00', 1_767_225_600_100_000_000n],
    ['2025-12-31T19:00:00.123456789-05:00', 1_767_225_600_123_456_789n],
    ['1767225600123456789', 1_767_225_600_123_456_789n],
    [1_767_225_600_123_456_789n, 1_767_225_600_123_456_789n],
    [-1n, null],
    ['', null],
    [null, null],
    ['2026-02-30', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    [1n << 63n, undefined],
    [-2n, undefined],
    [true, undefined],
  ])('of %s is %s', (cell, ns) => {
    expect(moment.read(cell)).toBe(ns);
  });

  it('is the same when it is written and read again', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 63n) - 1n), (ns) => {
        expect(moment.read(timeText(ns))).toBe(ns);
      }),
    );
  });
});

describe('a whole number', () => {
  it('is the same from any form', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, BigInt(Number.MAX_SAFE_INTEGER)), (whole) => {
        for (const cell of [whole, Number(whole), String(whole)]) {
          expect(counter.read(cell)).toBe(whole);
          expect(count.read(cell)).toBe(Number(whole));
        }
      }),
    );
  });

  it.each([-1, -1n, '-1', '', null, undefined])('is not known where "%s" stands', (cell) => {
    expect(counter.read(cell)).toBeNull();
    expect(count.read(cell)).toBeNull();
    expect(nanoseconds.read(cell)).toBeNull();
    expect(needed(count).read(cell)).toBeUndefined();
  });

  it.each([-2, 1.5, NaN, Infinity, 'many', '0x10', '1_000', true])('is none in %s', (cell) => {
    expect(counter.read(cell)).toBeUndefined();
    expect(count.read(cell)).toBeUndefined();
  });

  it('too large to count with is told', () => {
    expect(count.read(1n << 53n)).toBeUndefined();
    expect(counter.read(1n << 53n)).toBe(1n << 53n);
  });
});

describe('nanoseconds', () => {
  it('may be a fraction, and are bounded', () => {
    expect(nanoseconds.read(1.5)).toBe(1.5);
    expect(nanoseconds.read('212345678.25')).toBe(212_345_678.25);
    expect(nanoseconds.read('1e3')).toBe(1000);
    expect(nanoseconds.read(31_536_000e9 + 1e6)).toBeUndefined();
    expect(nanoseconds.read(NaN)).toBeUndefined();
    expect(nanoseconds.read(-0.5)).toBeUndefined();
  });
});
