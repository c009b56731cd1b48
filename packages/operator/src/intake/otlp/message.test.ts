import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decimalOf, integerOf, messageOf, messagesOf, textOf } from './message.ts';

const long = (value: bigint, unsigned: boolean) => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned,
});

it('64 bits are read exactly, however they are written', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(integerOf(long(value, false))).toBe(value);
      expect(integerOf(String(value))).toBe(value);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      expect(integerOf(long(value, true))).toBe(value);
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(integerOf(value)).toBe(BigInt(value));
    }),
  );
});

it('what is no number is none', () => {
  for (const junk of [
    '',
    'abc',
    '12abc',
    '1.5',
    1.5,
    NaN,
    Infinity,
    null,
    undefined,
    true,
    {},
    [],
    { low: 'a', high: 0 },
  ]) {
    expect(integerOf(junk)).toBeNull();
  }
  for (const junk of ['', ' ', 'abc', 'NaN', 'Infinity', NaN, -Infinity, null, undefined, true, {}, []]) {
    expect(decimalOf(junk)).toBeNull();
  }
  expect([decimalOf('1.5'), decimalOf(-2.5)]).toEqual([1.5, -2.5]);
});

it('a field that is not what it should be is noted, one that is absent or null is not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const faults: string[] = [];
      const note = (field: string) => faults.push(field);
      const message = { field: value };
      const list = messagesOf(message, 'field', note);
      const one = messageOf(message, 'field', note);
      const text = textOf(message, 'field', note);
      const read = [
        list.length > 0 || (Array.isArray(value) && value.length === 0),
        one !== null,
        typeof value === 'string',
      ];
      expect(faults.length).toBe(value === null ? 0 : 3 - read.filter(Boolean).length);
      expect(text).toBe(typeof value === 'string' ? value : '');
    }),
  );
});
