import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateKeys, hasDuplicateKeys } from './duplicate-keys.ts';

describe('duplicateKeys', () => {
  it.each([
    ['{"a":1,"a":2}', [{ key: 'a', index: 0 }]],
    ['[{"a":1},{"b":{"c":1, "c" : 2}}]', [{ key: 'c', index: 1 }]],
    ['[{"a":[1,2,{"x":1}]},{"a":"a\\",\\"a","b":1,"b":2}]', [{ key: 'b', index: 1 }]],
    ['{"a":"a","b":["a","a"],"c":{"a":1}}', []],
    ['{"a\\\\":1,"a\\\\":2}', [{ key: 'a\\\\', index: 0 }]],
    ['"a"', []],
  ])('%s', (json, expected) => {
    expect(duplicateKeys(json)).toEqual(expected);
    expect(hasDuplicateKeys(json, JSON.parse(json))).toBe(expected.length > 0);
  });

  it('finds none in what JSON.stringify wrote, however it is indented', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
        const json = JSON.stringify(value, null, indent);
        expect(duplicateKeys(json)).toEqual([]);
        expect(hasDuplicateKeys(json, JSON.parse(json))).toBe(false);
      }),
    );
  });
});
