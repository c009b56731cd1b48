import type { Cell } from 'kernel-gossip-pxl-scripts';
import {
  type Cursor,
  FIXED64,
  LENGTH_DELIMITED,
  readDouble,
  readInt64,
  readPart,
  readSize,
  skipField,
  skipPart,
  spoil,
  tagOf,
  VARINT,
} from './wire.ts';
import { uuidOfHalves } from './uuid.ts';

/** The types of Pixie's columns that hold something. */
export const COLUMN_TYPES = ['BOOLEAN', 'INT64', 'UINT128', 'FLOAT64', 'STRING', 'TIME64NS'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** How the cells of one type are written. */
interface Writing {
  /** Number of the type's field in a Column. */
  readonly field: number;
  readonly wireType: number;
  readonly read: (cursor: Cursor) => Cell;
}

const WRITINGS: Readonly<Record<ColumnType, Writing>> = {
  BOOLEAN: { field: 1, wireType: VARINT, read: (cursor) => readSize(cursor) !== 0 },
  INT64: { field: 2, wireType: VARINT, read: readInt64 },
  UINT128: { field: 3, wireType: LENGTH_DELIMITED, read: readUint128 },
  TIME64NS: { field: 4, wireType: VARINT, read: readInt64 },
  FLOAT64: { field: 5, wireType: FIXED64, read: readDouble },
  STRING: { field: 6, wireType: LENGTH_DELIMITED, read: readText },
};

/** Field of the cells in each kind of column. */
const CELLS = 1;
const PACKED = tagOf(CELLS, LENGTH_DELIMITED);

/** Which type's cells a serialized Column holds; null where it holds none that is known. */
export function typeOfColumn({ bytes, at, end }: Cursor): ColumnType | null {
  const cursor = { bytes, at, end };
  let type: ColumnType | null = null;
  while (cursor.at < end) {
    const tag = readSize(cursor);
    type = COLUMN_TYPES.find((name) => tag === tagOf(WRITINGS[name].field, LENGTH_DELIMITED)) ?? type;
    skipField(cursor, tag);
  }
  return type;
}

/**
 * The cells of a serialized Column of that type: at most one more than `most`, so that a column that is too long shows and
 * costs no memory. Null where it cannot be read.
 */
export function readCells(
  { bytes, at, end }: Cursor,
  type: ColumnType,
  most: number,
): readonly Cell[] | null {
  const column = { bytes, at, end };
  const { field } = WRITINGS[type];
  const cells: Cell[] = [];
  while (column.at < end) {
    const tag = readSize(column);
    if (tag !== tagOf(field, LENGTH_DELIMITED)) skipField(column, tag);
    else if (!readInto(cells, readPart(column), type, most)) return null;
  }
  return column.at === end ? cells : null;
}

/** Numbers come packed into one field or, as older writers do it, each in a field of its own. */
function readInto(cells: Cell[], data: Cursor, type: ColumnType, most: number): boolean {
  const { wireType, read } = WRITINGS[type];
  const single = tagOf(CELLS, wireType);
  while (data.at < data.end && cells.length <= most) {
    const tag = readSize(data);
    if (tag === single) cells.push(read(data));
    else if (tag !== PACKED) skipField(data, tag);
    else {
      const part = readPart(data);
      while (part.at < part.end && cells.length <= most) cells.push(read(part));
      if (part.at > part.end) spoil(data);
    }
  }
  return data.at <= data.end;
}

/** Names in the kernel need not be UTF-8: what is not becomes U+FFFD. */
function readText(cursor: Cursor): string {
  const at = skipPart(cursor);
  return cursor.at > cursor.end ? '' : cursor.bytes.toString('utf8', at, cursor.at);
}

function readUint128(cursor: Cursor): string {
  const part = readPart(cursor);
  let low = 0n;
  let high = 0n;
  while (part.at < part.end) {
    const tag = readSize(part);
    if (tag === tagOf(1, VARINT)) low = readInt64(part);
    else if (tag === tagOf(2, VARINT)) high = readInt64(part);
    else skipField(part, tag);
  }
  if (part.at > part.end) spoil(cursor);
  return uuidOfHalves({ high: BigInt.asUintN(64, high), low: BigInt.asUintN(64, low) });
}
