import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRows, type ReadRow } from './read-rows.ts';

/* eslint-disable-next-line @typescript-eslint/require-await -- it stands for a stream */
async function* chunksOf(chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

async function rowsIn(...chunks: readonly string[]): Promise<readonly ReadRow[]> {
  const rows: ReadRow[] = [];
  for await (const some of readRows(chunksOf(chunks))) rows.push(...some);
  return rows;
}

const line = (table: string, row: object): string => JSON.stringify({ _tableName_: table, ...row });

/** A text cut at any places. */
const cut = (text: string): fc.Arbitrary<readonly string[]> =>
  fc.array(fc.nat(text.length), { maxLength: 10 }).map((places) => {
    const ends = [...places.toSorted((a, b) => a - b), text.length];
    return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
  });

describe('rows', () => {
  const texts = [line('a', { n: 1, pod: 'x/y\n]' }), '', 'px: oops', line('b', {}), '[1]', '{"n":1}'];
  const read = [
    { place: 'line 1', table: 'a', row: { n: 1, pod: 'x/y\n]' } },
    { place: 'line 3', wrong: expect.stringContaining('not JSON: ') as string },
    { place: 'line 4', table: 'b', row: {} },
    { place: 'line 5', wrong: 'not a row: a JSON object was expected' },
    { place: 'line 6', wrong: 'not a row of px: there is no _tableName_' },
  ];

  it('stand one a line, however the input comes in', async () => {
    await fc.assert(
      fc.asyncProperty(cut(texts.join('\n')), cut(`${texts.join('\r\n')}\r\n`), async (chunks, others) => {
        expect(await rowsIn(...chunks)).toEqual(read);
        expect(await rowsIn(...others)).toEqual(read);
      }),
    );
  });

  it('are counted from the first line, be it blank', async () => {
    expect(await rowsIn('\n', ' \n\n', line('a', {}))).toEqual([{ place: 'line 4', table: 'a', row: {} }]);
  });

  it('may stand in an array', async () => {
    const array = JSON.stringify([{ _tableName_: 'a', n: 1 }, 7], null, 2);
    await fc.assert(
      fc.asyncProperty(cut(array), async (chunks) => {
        expect(await rowsIn(...chunks)).toEqual([
          { place: 'item 1', table: 'a', row: { n: 1 } },
          { place: 'item 2', wrong: 'not a row: a JSON object was expected' },
        ]);
      }),
    );
    expect(await rowsIn('[{"_tableName_":"a"}')).toMatchObject([{ place: 'the input' }]);
  });

  it('keep whole numbers that a double cannot hold', async () => {
    const rows = await rowsIn(
      '{"_tableName_":"a","large":9007199254740993,"id":"9007199254740993","x":1e300,"n":-1}',
    );
    expect(rows).toEqual([
      {
        place: 'line 1',
        table: 'a',
        row: { large: 9007199254740993n, id: '9007199254740993', x: 1e300, n: -1 },
      },
    ]);
  });

  it('hold values and nothing else', async () => {
    expect(await rowsIn(line('a', { n: { deep: 1 } }))).toEqual([
      { place: 'line 1', wrong: 'n: expected a value, got an object or a list' },
    ]);
  });

  it('are none in an input without any', async () => {
    expect(await rowsIn()).toEqual([]);
    expect(await rowsIn('\n', '\n')).toEqual([]);
  });

  it('are skipped where a line has no end, and what comes after it is read', async () => {
    const endless = Array.from({ length: 40 }, () => 'x'.repeat(100_000));
    const rows = await rowsIn(...endless, '\n', line('a', {}));
    expect(rows).toEqual([
      { place: 'line 1', wrong: 'longer than 1048576 characters' },
      { place: 'line 2', table: 'a', row: {} },
    ]);
  });
});
