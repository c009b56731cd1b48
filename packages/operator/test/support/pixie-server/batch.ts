import { encode } from './messages.ts';
import type { Cell, Column, ColumnType, Rows } from './play.ts';

/** A table as a stream knows it. */
export interface Table {
  readonly id: string;
  readonly columns: readonly Column[];
}

const integer = (cell: Cell): bigint => {
  if (cell === null || cell instanceof Uint8Array) throw new Error('an integer cell must be a number');
  return BigInt(cell);
};

/** The two halves of a 128-bit figure: a bigint, or a UUID's text. */
export const halvesOf = (cell: Cell): { readonly low: bigint; readonly high: bigint } => {
  const whole = typeof cell === 'string' ? BigInt(`0x${cell.replaceAll('-', '')}`) : integer(cell);
  return { low: BigInt.asUintN(64, whole), high: BigInt.asUintN(64, whole >> 64n) };
};

const bytesOf = (cell: Cell): Uint8Array => {
  if (typeof cell === 'string') return Buffer.from(cell);
  if (cell instanceof Uint8Array) return cell;
  throw new Error('a STRING cell must be text or bytes');
};

const double = (cell: Cell): number => {
  if (typeof cell === 'number') return cell;
  throw new Error('a FLOAT64 cell must be a number');
};

const boolean = (cell: Cell): boolean => {
  if (typeof cell === 'boolean') return cell;
  throw new Error('a BOOLEAN cell must be true or false');
};

interface Encoding {
  readonly field: string;
  readonly valueOf: (cell: Cell) => unknown;
}

const ENCODINGS: Readonly<Record<ColumnType, Encoding>> = {
  BOOLEAN: { field: 'boolean_data', valueOf: boolean },
  INT64: { field: 'int64_data', valueOf: integer },
  UINT128: { field: 'uint128_data', valueOf: halvesOf },
  TIME64NS: { field: 'time64ns_data', valueOf: integer },
  FLOAT64: { field: 'float64_data', valueOf: double },
  STRING: { field: 'string_data', valueOf: bytesOf },
};

const columnOf = ({ type }: Column, index: number, rows: Rows): object => {
  const { field, valueOf } = ENCODINGS[type];
  const cells = rows.map((row) => row[index]).filter((cell) => cell !== undefined);
  return { [field]: { data: cells.map(valueOf) } };
};

const contentOf = (columns: readonly Column[], rows: Rows): Buffer => {
  const present = rows.length === 0 ? columns.length : Math.max(...rows.map((row) => row.length));
  const cols = columns.slice(0, present).map((column, index) => columnOf(column, index, rows));
  return encode('RowBatchData', { cols, num_rows: rows.length });
};

/**
 * Makes the bytes of batches. What a batch holds is encoded once for each array of rows, so that a benchmark that
 * sends the same rows again and again measures the receiver and not this.
 */
export function batchEncoder(): (table: Table, rows: Rows, eos: boolean) => Buffer {
  const contents = new WeakMap<Rows, { readonly columns: readonly Column[]; readonly bytes: Buffer }>();

  return ({ id, columns }, rows, eos) => {
    const known = contents.get(rows);
    const bytes = known?.columns === columns ? known.bytes : contentOf(columns, rows);
    contents.set(rows, { columns, bytes });
    // Two encodings of one message, one after the other, are the encoding of both merged.
    return Buffer.concat([bytes, encode('RowBatchData', { eow: eos, eos, table_id: id })]);
  };
}
