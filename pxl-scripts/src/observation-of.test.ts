import fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { describe, expect, it } from 'vitest';
import { columnsOf, isKnownTable, observationOf, TABLE_NAMES, type TableName } from './observation-of.ts';
import type { Cell, Row } from './tables/cell.ts';
import { at, ID, ROWS } from './testing.ts';

const context = { source: 'pixie' };
const rfc3339 = (ns: bigint): string =>
  new Date(Number(ns / 1_000_000n))
    .toISOString()
    .replace('Z', `${String(ns % 1_000_000n).padStart(6, '0')}Z`);

/** The same row as `px run -o json` prints it: times in words, and a number for whatever can be read as one. */
const asPrinted = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([column, cell]): [string, Cell] => {
      if (typeof cell === 'bigint')
        return [column, column.endsWith('time') || column === 'time_' ? rfc3339(cell) : Number(cell)];
      const isNumber = typeof cell === 'string' && cell.trim() !== '' && Number.isFinite(Number(cell));
      return [column, isNumber ? Number(cell) : cell];
    }),
  );

/** The same row as Pixie's Go client prints it: texts. */
const asTexts = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, String(cell)]));

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const maybe = <A>(arbitrary: fc.Arbitrary<A>, none: A): fc.Arbitrary<A> =>
  fc.oneof({ weight: 5, arbitrary }, fc.constant(none));
const whole = maybe(fc.bigInt(0n, BigInt(Number.MAX_SAFE_INTEGER)), -1n);
const counter = maybe(fc.oneof(fc.bigInt(0n, 1000n), fc.bigInt(0n, (1n << 63n) - 1n)), -1n);
const ns = maybe(fc.bigInt(0n, 10n ** 12n), -1n);

/** Arbitrary cells for columns of these names; what is not named is a whole number. */
const CELLS: Readonly<Record<string, fc.Arbitrary<Cell>>> = {
  time_: fc.integer({ min: 3600, max: 7200 }).map(at),
  first_time: fc.integer({ min: 0, max: 3600 }).map(at),
  began_time: fc.integer({ min: 0, max: 3600 }).map(at),
  pod: maybe(
    fc.tuple(label, label).map(([namespace, name]) => `${namespace}/${name}`),
    '',
  ),
  node: maybe(label, ''),
  container: maybe(label, ''),
  container_id: maybe(fc.constant(ID), ''),
  program: maybe(fc.string({ maxLength: 256 }), ''),
  symptom: fc.constantFrom('retransmits', 'drops', 'resets', 'dns_failures', 'connection_failures'),
  failed: fc.bigInt(0n, 1000n),
  attempted: maybe(fc.bigInt(0n, 1000n), -1n),
  remote: maybe(fc.oneof(label, fc.ipV4(), fc.ipV6()), ''),
  role: fc.bigInt(1n, 2n),
  method: fc.constantFrom('GET', 'POST'),
  path: fc.webPath().map((path) => `/${path}`),
  status: maybe(fc.bigInt(0n, 999n), -1n),
  requests: fc.bigInt(0n, 10n ** 9n),
  remote_port: maybe(fc.bigInt(0n, 65_535n), -1n),
  protocol: maybe(label, ''),
  usage_bytes: maybe(fc.bigInt(0n, 1n << 40n), -1n),
  limit_bytes: maybe(fc.constantFrom(0n, 1n << 30n, (1n << 63n) - 4096n), -1n),
  rss_bytes: maybe(fc.bigInt(0n, 1n << 40n), -1n),
};
function cellsOf(column: string): fc.Arbitrary<Cell> {
  if (/^(nr_|throttled_)/.test(column)) return counter;
  return CELLS[column] ?? (column.endsWith('_ns') ? ns : whole);
}
const rowsOf = (table: TableName): fc.Arbitrary<Row> =>
  fc.record(Object.fromEntries(columnsOf(table).map((column) => [column, cellsOf(column)])));

const anyCell: fc.Arbitrary<Cell> = fc.oneof(
  fc.bigInt(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.string(),
  fc.constantFrom('', -1, -1n, null, '-1', 'NaN', '1e400', '2026-02-30T00:00:00Z', ID),
);

/** Neither a number nor a text that any column takes. */
const NO_CELL = true;

describe.each(TABLE_NAMES)('a row of %s', (table) => {
  const row: Row = ROWS[table];

  it('tells what the operator takes', () => {
    const told = observationOf(table, row, context);
    expect(isRight(told) && told.right).toMatchObject({
      pod_name: 'web-1',
      namespace: 'shop',
      node_name: 'node-1',
      source: 'pixie',
      provenance: 'measured',
    });
    expect(isRight(told) && isRight(decodeObservation(told.right))).toBe(true);
    expect(Object.keys(row).toSorted()).toEqual(columnsOf(table).toSorted());
  });

  it('tells the same in whatever form it comes', () => {
    const told = observationOf(table, row, context);
    expect(observationOf(table, asPrinted(row), context)).toEqual(told);
    expect(observationOf(table, asTexts(row), context)).toEqual(told);
    expect(observationOf(table, { ...row, more: 'columns' }, context)).toEqual(told);
  });

  it('is taken with any figures, and what it tells can be decoded', () => {
    fc.assert(
      fc.property(
        rowsOf(table),
        fc.constantFrom(asPrinted, asTexts, (same: Row) => same),
        (any, form) => {
          const told = observationOf(table, form(any), context);
          expect(told).toSatisfy(isRight);
          if (isRight(told) && told.right !== null)
            expect(decodeObservation(JSON.parse(JSON.stringify(told.right)))).toSatisfy(isRight);
        },
      ),
    );
  });

  it('with anything in it is refused, tells nothing, or tells what can be decoded', () => {
    fc.assert(
      fc.property(fc.constantFrom(...columnsOf(table)), anyCell, rowsOf(table), (column, cell, any) => {
        for (const base of [row, any]) {
          const told = observationOf(table, { ...base, [column]: cell }, { ...context, previous: any });
          if (isLeft(told)) expect([column, 'first_time']).toContain(told.left.column);
          else if (told.right !== null) expect(decodeObservation(told.right)).toSatisfy(isRight);
        }
      }),
    );
  });

  it.each(columnsOf(table))('names %s where that is wrong', (column) => {
    const told = observationOf(table, { ...row, [column]: NO_CELL }, context);
    expect(isLeft(told) && told.left).toMatchObject({ column, got: 'true' });
  });

  it('must say when and about whom, and where it does not know tells nothing', () => {
    for (const column of ['time_', 'pod']) {
      const { [column]: _, ...rest } = row;
      expect(observationOf(table, rest, context)).toMatchObject({ left: { column, got: 'nothing' } });
    }
    expect(observationOf(table, { ...row, pod: '' }, context)).toEqual({ _tag: 'Right', right: null });
    expect(observationOf(table, { ...row, pod: 'Shop/web-1' }, context)).toMatchObject({
      left: { column: 'pod', got: '"Shop/web-1"' },
    });
  });
});

describe('a row about a container', () => {
  it.each(['cpu_throttle', 'memory_pressure', 'pod_creation'] as const)(
    'of %s without any name tells nothing: it would seem to be about the pod as a whole',
    (table) => {
      const nameless = { ...ROWS[table], container: '', container_id: '' };
      expect(observationOf(table, nameless, context)).toEqual({ _tag: 'Right', right: null });
    },
  );

  it('has no id where px made a number of it', () => {
    const id = Number('1'.repeat(64));
    const told = observationOf('cpu_throttle', { ...ROWS.cpu_throttle, container_id: id }, context);
    expect(isRight(told) && told.right).toMatchObject({ container_id: null, container_name: 'app' });
  });

  it('may name the runtime before the id', () => {
    const row = { ...ROWS.cpu_throttle, container_id: `containerd://${ID}` };
    const told = observationOf('cpu_throttle', row, context);
    expect(isRight(told) && told.right).toMatchObject({ container_id: ID });
  });
});

describe('a table that is none of ours', () => {
  it('is said to be', () => {
    expect(isKnownTable('output')).toBe(false);
    expect(isKnownTable('constructor')).toBe(false);
    expect(observationOf('output', ROWS.cpu_throttle, context)).toMatchObject({
      left: { column: '', got: '"output"' },
    });
  });
});
