import { fileURLToPath } from 'node:url';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { isRight, left, right } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import type { Cell, Row } from 'kernel-gossip-pxl-scripts';
import { type ColumnType, COLUMN_TYPES } from './column.ts';
import { type Column, decodeRows, readFrame } from './decode-batch.ts';
import { halvesOfUuid } from './uuid.ts';

/** Writes what our own reader reads: protobufjs, by the same file. */
const definition = loadSync(
  fileURLToPath(new URL('../../../../proto/pixie/vizierapi.proto', import.meta.url)),
);
const { serialize } = definition['px.api.vizierpb.RowBatchData'] as MessageTypeDefinition<object, object>;

const FIELDS: Readonly<Record<ColumnType, string>> = {
  BOOLEAN: 'booleanData',
  INT64: 'int64Data',
  UINT128: 'uint128Data',
  FLOAT64: 'float64Data',
  STRING: 'stringData',
  TIME64NS: 'time64nsData',
};

const writtenCell = (type: ColumnType, cell: Cell): unknown => {
  if (type === 'STRING') return Buffer.from(cell as string);
  if (type !== 'UINT128') return typeof cell === 'bigint' ? String(cell) : cell;
  const { high, low } = halvesOfUuid(cell as string)!;
  return { high: String(high), low: String(low) };
};

const batchOf = (columns: readonly Column[], rows: readonly Row[], more: object = {}): Buffer =>
  serialize({
    tableId: 't1',
    numRows: rows.length,
    cols: columns.map(({ name, type }) => ({
      [FIELDS[type]]: { data: rows.map((row) => writtenCell(type, row[name]!)) },
    })),
    ...more,
  });

const decoded = (bytes: Buffer, columns: readonly Column[]) => decodeRows(readFrame(bytes)!, columns);

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const CELLS: Readonly<Record<ColumnType, fc.Arbitrary<Cell>>> = {
  BOOLEAN: fc.boolean(),
  INT64: int64,
  UINT128: fc.uuid(),
  FLOAT64: fc.double(),
  STRING: fc.string({ unit: 'binary' }),
  TIME64NS: int64,
};

const table = fc
  .uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), type: fc.constantFrom(...COLUMN_TYPES) }), {
    selector: ({ name }) => name,
    minLength: 1,
    maxLength: 8,
  })
  .filter((columns) => columns.every(({ name }) => name !== '__proto__'))
  .chain((columns) =>
    fc
      .array(fc.record(Object.fromEntries(columns.map(({ name, type }) => [name, CELLS[type]]))))
      .map((rows) => ({ columns, rows: rows.map((row): Row => ({ ...row })) })),
  );

const COLUMNS = [
  { name: 'time_', type: 'TIME64NS' },
  { name: 'pod', type: 'STRING' },
] as const;
const ROW = { time_: 1_795_000_000_123_456_789n, pod: 'shop/web-1' };

describe('row batches', () => {
  it('are read as protobufjs wrote them, to the last bit', () => {
    fc.assert(
      fc.property(table, fc.boolean(), ({ columns, rows }, eos) => {
        const frame = readFrame(batchOf(columns, rows, { eos }))!;
        expect(frame).toMatchObject({ tableId: 't1', numRows: rows.length, eos });
        expect(decodeRows(frame, columns)).toEqual(right(rows));
      }),
    );
  });

  it('are read though they are broken, or refused; nothing is thrown', () => {
    const broken = fc.tuple(table, fc.nat(), fc.nat(255), fc.boolean());
    fc.assert(
      fc.property(broken, ([{ columns, rows }, place, byte, cut]) => {
        const bytes = batchOf(columns, rows);
        const at = place % bytes.length;
        bytes[at] = byte;
        const frame = readFrame(cut ? bytes.subarray(0, at) : bytes);
        const result = frame === null ? left('') : decodeRows(frame, columns);
        if (isRight(result)) expect(result.right).toHaveLength(frame!.numRows);
        else expect(typeof result.left).toBe('string');
      }),
      { numRuns: 500 },
    );
  });

  it('are read with each number in a field of its own, and with fields that are not known', () => {
    // cols{ time64ns_data{ data: 5, data: 6 }, field 15: "x" }, num_rows: 2, field 9: fixed64, field 10: fixed32
    const single = [0x0a, 0x09, 0x22, 0x04, 0x08, 0x05, 0x08, 0x06, 0x7a, 0x01, 0x78];
    const unknown = [0x49, 1, 2, 3, 4, 5, 6, 7, 8, 0x55, 1, 2, 3, 4];
    const bytes = Buffer.from([...single, 0x10, 0x02, ...unknown]);
    expect(decoded(bytes, [{ name: 'time_', type: 'TIME64NS' }])).toEqual(
      right([{ time_: 5n }, { time_: 6n }]),
    );
  });

  it('take bytes that are no UTF-8 for text with U+FFFD in it', () => {
    const bytes = serialize({
      tableId: 't1',
      numRows: 1,
      cols: [{ stringData: { data: [Buffer.from([0x61, 0xff, 0x62])] } }],
    });
    expect(decoded(bytes, [{ name: 'comm', type: 'STRING' }])).toEqual(right([{ comm: 'a\ufffdb' }]));
  });

  it('may end a table without rows and columns', () => {
    expect(decoded(serialize({ tableId: 't1', eos: true }), COLUMNS)).toEqual(right([]));
    expect(decoded(batchOf(COLUMNS, []), COLUMNS)).toEqual(right([]));
  });

  it('must have the columns of their table', () => {
    expect(decoded(batchOf(COLUMNS.slice(0, 1), [ROW]), COLUMNS)).toEqual(
      left('a batch has 1 columns, its table has 2'),
    );
    const swapped = [COLUMNS[1], COLUMNS[0]];
    expect(decoded(batchOf(swapped, [ROW]), COLUMNS)).toEqual(
      left("column 'time_' is TIME64NS in its table, STRING in a batch"),
    );
  });

  it('must have a cell of each column in each row', () => {
    expect(decoded(batchOf(COLUMNS, [ROW], { numRows: 2 }), COLUMNS)).toEqual(
      left("column 'time_' has 1 cells in a batch of 2 rows"),
    );
    expect(decoded(batchOf(COLUMNS, [ROW, ROW, ROW], { numRows: 1 }), COLUMNS)).toEqual(
      left("column 'time_' has more than 1 cells in a batch of 1 rows"),
    );
    expect(readFrame(serialize({ tableId: 't1', numRows: -1 }))).toBeNull();
  });

  it('cost no memory for rows that they only claim', () => {
    const claims = serialize({ tableId: 't1', numRows: 2 ** 40, cols: [{ int64Data: { data: ['1'] } }] });
    expect(decoded(claims, [{ name: 'n', type: 'INT64' }])).toEqual(
      left(`column 'n' has 1 cells in a batch of ${2 ** 40} rows`),
    );
  });
});
