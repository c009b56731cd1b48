import fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  count,
  decode,
  defaulted,
  describeFailure,
  dnsLabel,
  list,
  optional,
  percent,
  required,
  struct,
  timestamp,
} from './index.ts';

const Inner = struct('an inner', { share: required(percent, 'A share.') });
const Outer = struct('an outer', {
  name: required(dnsLabel, 'A name.'),
  times: optional(count, 'How often.'),
  mode: defaulted(dnsLabel, 'calm', 'A mode.'),
  inner: optional(Inner, 'More.'),
  inners: optional(list(Inner, { maxItems: 3 }), 'Many more.'),
});

const failuresOf = (input: unknown): readonly string[] => {
  const result = decode(Outer, input);
  return isLeft(result) ? result.left.map(describeFailure) : [];
};

describe('a struct', () => {
  it('fills what is absent or null with null, and with a default where there is one', () => {
    expect(decode(Outer, { name: 'a', times: null })).toEqual({
      _tag: 'Right',
      right: { name: 'a', times: null, mode: 'calm', inner: null, inners: null },
    });
  });

  it('leaves out what it does not know, whatever its name', () => {
    const input: unknown = JSON.parse('{"name":"a","__proto__":{"times":7},"constructor":1}');
    const result = decode(Outer, input);
    expect(isRight(result) && Object.keys(result.right).sort()).toEqual([
      'inner',
      'inners',
      'mode',
      'name',
      'times',
    ]);
    expect(isRight(result) && result.right.times).toBeNull();
  });

  it('names path, expectation and value of everything that is wrong', () => {
    expect(
      failuresOf({ name: 'A', times: 1.5, inner: { share: 512 }, inners: [{ share: 1 }, { share: 'x' }] }),
    ).toEqual([
      'name: expected a DNS label (a-z, 0-9, -; at most 63 characters), got "A"',
      'times: expected a whole number >= 0, got 1.5',
      'inner.share: expected a percentage 0..100, got 512',
      'inners[1].share: expected a percentage 0..100, got "x"',
    ]);
    expect(failuresOf(7)).toEqual(['input: expected an outer, got 7']);
    expect(failuresOf({})).toEqual([
      'name: expected a DNS label (a-z, 0-9, -; at most 63 characters), got nothing',
    ]);
    expect(failuresOf({ name: 'a', inners: [1, 2, 3, 4] })).toEqual([
      'inners: expected a list of at most 3 items, got a list of 4',
    ]);
  });

  it('takes any finite percentage 0..100 and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.anything()), (share) => {
        const fits = typeof share === 'number' && share >= 0 && share <= 100;
        expect(isRight(decode(Inner, { share }))).toBe(fits);
      }),
    );
  });

  it('never throws, and what it accepts it accepts again', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (input) => {
        const result = decode(Outer, input);
        if (isRight(result)) expect(decode(Outer, result.right)).toEqual(result);
        else expect(result.left.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('a timestamp', () => {
  it.each(['2024-03-15T10:30:00Z', '2024-03-15T10:30:00.123456789Z', '2024-03-15T10:30:00+01:00'])(
    'takes %s',
    (text) => {
      expect(timestamp.is(text)).toBe(true);
    },
  );
  it.each(['2024-03-15', '2024-13-15T10:30:00Z', 'yesterday', '', 1710498600])('refuses %s', (value) => {
    expect(timestamp.is(value)).toBe(false);
  });
});
