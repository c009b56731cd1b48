import fc from 'fast-check';
import { isLeft, isRight, left, right } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import type { TableSchema } from './load-proto.ts';
import { announce, announceAgain, arrive, finish, type Tables } from './stream-checks.ts';

const schema = (
  id: string,
  name = 'flows',
  columns: readonly (readonly [string, string | number])[] = [['time_', 'TIME64NS']],
): TableSchema => ({
  id,
  name,
  relation: { columns: columns.map(([columnName, columnType]) => ({ columnName, columnType })) },
});

const NONE: Tables = new Map();
const told = (...schemas: readonly TableSchema[]): Tables =>
  schemas.reduce((tables, one) => {
    const next = announce(tables, one);
    return isRight(next) ? next.right : tables;
  }, NONE);

describe('a stream', () => {
  it('tells its tables before their rows, and ends each', () => {
    const tables = told(schema('1'), schema('2', 'births'));
    const first = arrive(tables, { tableId: '1', eos: true });
    expect(first).toMatchObject(right({ table: { name: 'flows' } }));
    const after = isRight(first) ? first.right.tables : NONE;
    expect(finish(after)).toEqual(left("the stream ended before table 'births' did"));
    const last = arrive(after, { tableId: '2', eos: true });
    expect(isRight(last) && finish(last.right.tables)).toEqual(right(null));
  });

  it('has no rows of a table that it did not tell of, nor after its end', () => {
    expect(arrive(NONE, { tableId: '1', eos: false })).toEqual(
      left("a batch came for the unknown table id '1'"),
    );
    const ended = arrive(told(schema('1')), { tableId: '1', eos: true });
    expect(isRight(ended) && arrive(ended.right.tables, { tableId: '1', eos: false })).toEqual(
      left("a batch came after the end of table 'flows'"),
    );
  });

  it('tells no table twice, but after a cut, when it must be the same', () => {
    const tables = told(schema('1'));
    expect(announce(tables, schema('1'))).toEqual(left("table 'flows' is announced twice"));
    expect(announceAgain(tables, schema('1'))).toEqual(right(tables));
    expect(isLeft(announceAgain(tables, schema('1', 'flows', [['time_', 'INT64']])))).toBe(true);
    expect(isRight(announceAgain(tables, schema('2')))).toBe(true);
  });

  it('has only columns that make a row', () => {
    const of = (...columns: readonly (readonly [string, string | number])[]) =>
      announce(NONE, schema('1', 'flows', columns));
    expect(of(['a', 9])).toEqual(left("column 'a' of table 'flows' is of the unknown type 9"));
    expect(of(['a', 'DATA_TYPE_UNKNOWN'])).toMatchObject({ _tag: 'Left' });
    expect(of(['a', 'INT64'], ['a', 'STRING'])).toEqual(left("column 'a' of table 'flows' makes no row"));
    expect(of(['__proto__', 'INT64'])).toMatchObject({ _tag: 'Left' });
    expect(isRight(announce(NONE, { id: '1', name: 'nothing', relation: null }))).toBe(true);
  });

  it('fills no memory with tables or columns', () => {
    const many = Array.from({ length: 200 }, (_, index) => schema(String(index)));
    expect(told(...many).size).toBe(100);
    const columns = Array.from({ length: 1001 }, (_, index) => [`c${index}`, 'INT64'] as const);
    expect(isLeft(announce(NONE, schema('1', 'wide', columns)))).toBe(true);
  });

  it('is accepted exactly when each table is told once, has rows only in between, and ends', () => {
    const event = fc.record({
      kind: fc.constantFrom('tell', 'rows', 'end'),
      tableId: fc.constantFrom('1', '2'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        let tables: Tables | null = NONE;
        for (const { kind, tableId } of events) {
          if (tables === null) break;
          const next: ReturnType<typeof announce> =
            kind === 'tell'
              ? announce(tables, schema(tableId))
              : ((batch) => (isRight(batch) ? right(batch.right.tables) : batch))(
                  arrive(tables, { tableId, eos: kind === 'end' }),
                );
          tables = isRight(next) ? next.right : null;
        }
        const accepted = tables !== null && isRight(finish(tables));
        const story = (id: string) =>
          events.flatMap(({ kind, tableId }) => (tableId === id ? [kind] : [])).join(' ');
        expect(accepted).toBe(['1', '2'].every((id) => /^(tell( rows)* end)?$/.test(story(id))));
      }),
    );
  });
});
