import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Cell, Row } from 'kernel-gossip-pxl-scripts';
import { type ColumnType, readCells, typeOfColumn } from './column.ts';
import {
  type Cursor,
  cursorOver,
  isReadThrough,
  LENGTH_DELIMITED,
  readInt64,
  readPart,
  readSize,
  skipField,
  tagOf,
  VARINT,
} from './wire.ts';

/** A row batch as it came: its columns are not looked into yet. */
export interface BatchFrame {
  readonly tableId: string;
  readonly numRows: number;
  /** Whether the table ends with it. */
  readonly eos: boolean;
  readonly columns: readonly Cursor[];
}

/** A column as the table's schema says it. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

const COLS = tagOf(1, LENGTH_DELIMITED);
const NUM_ROWS = tagOf(2, VARINT);
const EOS = tagOf(4, VARINT);
const TABLE_ID = tagOf(5, LENGTH_DELIMITED);

/** Reads a serialized RowBatchData; null where it is none. */
export function readFrame(bytes: Buffer): BatchFrame | null {
  const cursor = cursorOver(bytes);
  const columns: Cursor[] = [];
  let numRows = 0;
  let eos = false;
  let tableId = '';
  while (cursor.at < cursor.end) {
    const tag = readSize(cursor);
    if (tag === COLS) columns.push(readPart(cursor));
    else if (tag === NUM_ROWS) numRows = Number(readInt64(cursor));
    else if (tag === EOS) eos = readSize(cursor) !== 0;
    else if (tag === TABLE_ID) tableId = textOf(readPart(cursor));
    else skipField(cursor, tag);
  }
  return isReadThrough(cursor) && numRows >= 0 ? { tableId, numRows, eos, columns } : null;
}

const textOf = ({ bytes, at, end }: Cursor): string => bytes.toString('utf8', at, end);

/** A column with its cells in the order of the rows. */
interface FilledColumn {
  readonly name: string;
  readonly cells: readonly Cell[];
}

/** The rows of a batch. Left says how the batch and the table's schema differ. */
export function decodeRows(
  { numRows, columns: parts }: BatchFrame,
  columns: readonly Column[],
): Either<string, readonly Row[]> {
  // The batch that only ends a table may come without columns.
  if (numRows === 0 && parts.length === 0) return right([]);
  if (parts.length !== columns.length) {
    return left(`a batch has ${parts.length} columns, its table has ${columns.length}`);
  }
  const filled: FilledColumn[] = [];
  for (const [index, part] of parts.entries()) {
    const column = columns[index];
    if (column === undefined) continue;
    const read = readColumn(part, column, numRows);
    if (isLeft(read)) return read;
    filled.push({ name: column.name, cells: read.right });
  }
  return right(toRows(filled, numRows));
}

function readColumn(part: Cursor, { name, type }: Column, numRows: number): Either<string, readonly Cell[]> {
  const cells = readCells(part, type, numRows);
  if (cells === null) return left(`column '${name}' cannot be read`);
  if (cells.length === numRows) return right(cells);
  const sent = typeOfColumn(part);
  if (sent !== null && sent !== type)
    return left(`column '${name}' is ${type} in its table, ${sent} in a batch`);
  const count = cells.length > numRows ? `more than ${numRows}` : String(cells.length);
  return left(`column '${name}' has ${count} cells in a batch of ${numRows} rows`);
}

function toRows(columns: readonly FilledColumn[], numRows: number): readonly Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < numRows; at += 1) {
    const row: Record<string, Cell> = {};
    for (const { name, cells } of columns) row[name] = cells[at] ?? null;
    rows.push(row);
  }
  return rows;
}
