import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inAscii, isAsciiOnly } from './signs.ts';
import { sparkline } from './sparkline.ts';
import { widthOf } from './width.ts';

describe('a sparkline', () => {
  test.each([
    [[0, 25, 50, 75, 100], 100, '▁▃▅▆█'],
    [[0, null, 100], 100, '▁ █'],
    [[-5, 200], 100, '▁█'],
    [[0, 0], 0, '▁▁'],
    [[], 100, ''],
  ] as const)('of %j to %j is %j', (values, most, drawn) => expect(sparkline(values, most)).toBe(drawn));

  test('has a sign for each value, a gap for what was not measured and for nothing else, and keeps the order in ASCII too', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 100 }))), (values) => {
        const drawn = sparkline(values, 100);
        expect(widthOf(drawn)).toBe(values.length);
        for (const [index, value] of values.entries()) expect(drawn[index] === ' ').toBe(value === null);
        expect(inAscii(drawn)).toMatch(/^[ -~]*$/);
        expect(inAscii(drawn)).toHaveLength(drawn.length);
      }),
    );
  });
});

test.each([
  [{}, false],
  [{ LANG: 'de_DE.UTF-8' }, false],
  [{ LANG: 'C.utf8' }, false],
  [{ LANG: 'C' }, true],
  [{ LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX' }, true],
  [{ LANG: 'C', LC_CTYPE: 'UTF-8', LC_ALL: '' }, false],
])('%j shows ASCII only: %j', (env, only) => expect(isAsciiOnly(env)).toBe(only));
