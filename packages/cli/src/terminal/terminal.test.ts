import { Chalk } from 'chalk';
import fc from 'fast-check';
import { visible } from 'kernel-gossip-types';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { humanDuration } from './duration.ts';
import { documentWidth } from './io.ts';
import { toJson, toYaml } from './serialise.ts';
import { table } from './table.ts';
import { cut, widthOf, widthOfPainted, wrap, wrapParts } from './width.ts';

const ACTS_ON_A_TERMINAL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** Text in which what must not reach a terminal is common. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '\u009b',
      '\u0007',
      '\u007f',
      '\n',
      '\r',
      '\t',
      '\u202e',
      '\u2066',
      '\u2028',
      '\u200b',
      '\ud800',
      '\u{e0041}',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('text from outside', () => {
  test('never acts on the terminal', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(visible(text)).not.toMatch(ACTS_ON_A_TERMINAL);
      }),
    );
  });

  test.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['gnp\u202e.exe', 'gnp\\u{202e}.exe'],
    ['\u009b2J', '\\x9b2J'],
    ['Käse 🧀', 'Käse 🧀'],
  ])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

  test('stays within its cell and its line of a table', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1 }), fc.integer({ min: 10, max: 200 }), (texts, width) => {
        const drawn = table(
          [
            { header: 'A', text: (row: string) => visible(row), shrinksTo: 8 },
            { header: 'B', text: () => 'x' },
          ],
          texts,
          width,
        );
        expect(drawn.split('\n')).toHaveLength(texts.length + 1);
        expect(drawn.replaceAll('\n', '')).not.toMatch(ACTS_ON_A_TERMINAL);
      }),
    );
  });

  test('is escaped in JSON and YAML, and comes back whole', () => {
    fc.assert(
      fc.property(fc.dictionary(hostile, hostile), (value) => {
        const plain = Object.fromEntries(
          Object.entries(value).map(([k, v]) => [k.toWellFormed(), v.toWellFormed()]),
        );
        const json = toJson(plain);
        expect(json.replaceAll('\n', '')).not.toMatch(ACTS_ON_A_TERMINAL);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(plain)));
        const yaml = toYaml(plain);
        expect(yaml.replaceAll('\n', '')).not.toMatch(ACTS_ON_A_TERMINAL);
        expect(parse(yaml)).toEqual(JSON.parse(JSON.stringify(plain)));
      }),
    );
  });
});

describe('widths', () => {
  test('a cut text never takes more columns than there are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, columns) => {
        const shown = visible(text);
        expect(widthOf(cut(shown, columns))).toBeLessThanOrEqual(Math.max(columns, 0));
      }),
    );
  });

  test('wrapped lines fit and lose no word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }),
        fc.integer({ min: 12, max: 60 }),
        (words, columns) => {
          const lines = wrap(words.join(' '), columns);
          expect(lines.every((line) => widthOf(line) <= columns)).toBe(true);
          expect(lines.join(' ')).toBe(words.join(' '));
        },
      ),
    );
  });

  test('parts stay whole where they fit, and none is lost', () => {
    expect(wrapParts(['a b c', 'd e', 'f'], 11)).toEqual(['a b c   d e', 'f']);
    expect(wrapParts(['a b c', 'd e', 'f'], 10)).toEqual(['a b c', 'd e   f']);
    expect(wrapParts([], 10)).toEqual(['']);
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,5}( [a-z]{1,5}){0,2}$/), { minLength: 1 }),
        fc.integer({ min: 17, max: 60 }),
        (parts, columns) => {
          const lines = wrapParts(parts, columns);
          expect(lines.every((line) => widthOf(line) <= columns)).toBe(true);
          expect(lines.flatMap((line) => line.split('   '))).toEqual(parts);
        },
      ),
    );
  });

  test('colours take no columns', () => {
    const chalk = new Chalk({ level: 3 });
    expect(widthOfPainted(chalk.bold(`a${chalk.red('漢')}`))).toBe(3);
  });

  test.each([
    [null, 80],
    [20, 40],
    [40, 40],
    [100, 100],
    [500, 160],
  ])('a document in a terminal of %j columns is %i wide', (columns, width) =>
    expect(documentWidth({ columns })).toBe(width),
  );
});

describe('ages read as kubectl prints them', () => {
  test.each([
    [-3000, '<invalid>'],
    [-1000, '0s'],
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [5 * 60_000 + 10_000, '5m10s'],
    [10 * 60_000 + 10_000, '10m'],
    [3 * 3_600_000, '3h'],
    [3.5 * 3_600_000, '3h30m'],
    [30 * 3_600_000, '30h'],
    [50 * 3_600_000, '2d2h'],
    [400 * 86_400_000, '400d'],
    [1000 * 86_400_000, '2y270d'],
    [3650 * 86_400_000, '10y'],
  ])('%i ms is %s', (milliseconds, shown) => expect(humanDuration(milliseconds)).toBe(shown));
});
