import { endianness } from 'node:os';

/**
 * A place in bytes of protobuf's wire format (https://protobuf.dev/programming-guides/encoding/). Reading never throws:
 * what is cut off or malformed moves `at` past `end`, where it stays.
 */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** What stands before each field: its number and how it is written. */
export const tagOf = (number: number, wireType: number): number => number * 8 + wireType;

export const cursorOver = (bytes: Buffer): Cursor => ({ bytes, at: 0, end: bytes.length });

/** Whether all was read, and nothing beyond. */
export const isReadThrough = ({ at, end }: Cursor): boolean => at === end;

export const spoil = (cursor: Cursor): void => {
  cursor.at = cursor.end + 1;
};

/** Where the halves of a 64-bit number are put together; it is written before each reading. */
const halves = new Int32Array(2);
const whole = new BigInt64Array(halves.buffer);
const [LOW, HIGH] = endianness() === 'LE' ? [0, 1] : [1, 0];

/** Bigints made by arithmetic cost three times as much; time_ goes beyond 2^53. */
export function readInt64(cursor: Cursor): bigint {
  const { bytes, end } = cursor;
  let at = cursor.at;
  let low = 0;
  let high = 0;
  let byte = 0x80;
  for (let shift = 0; byte >= 0x80; shift += 7) {
    if (at >= end || shift > 63) {
      spoil(cursor);
      return 0n;
    }
    byte = bytes[at++] ?? 0;
    const bits = byte & 0x7f;
    if (shift < 32) low |= bits << shift;
    if (shift === 28) high = bits >>> 4;
    else if (shift > 28) high |= bits << (shift - 32);
  }
  cursor.at = at;
  halves[LOW] = low;
  halves[HIGH] = high;
  return whole[0] ?? 0n;
}

/** A number below 2^49: a tag, a length. What is larger spoils the cursor. */
export function readSize(cursor: Cursor): number {
  const { bytes, end } = cursor;
  let size = 0;
  for (let unit = 1; cursor.at < end && unit < 2 ** 49; unit *= 0x80) {
    const byte = bytes[cursor.at++] ?? 0;
    size += (byte & 0x7f) * unit;
    if (byte < 0x80) return size;
  }
  spoil(cursor);
  return 0;
}

/** What a length-delimited field holds, as a cursor of its own; this one moves behind it. */
export function readPart(cursor: Cursor): Cursor {
  const at = skipPart(cursor);
  return { bytes: cursor.bytes, at, end: Math.max(at, Math.min(cursor.at, cursor.end)) };
}

/** Moves behind what a length-delimited field holds; returns where that begins. */
export function skipPart(cursor: Cursor): number {
  const length = readSize(cursor);
  const { at } = cursor;
  skipBytes(cursor, length);
  return at;
}

export function readDouble(cursor: Cursor): number {
  const { at } = cursor;
  skipBytes(cursor, 8);
  return cursor.at > cursor.end ? 0 : cursor.bytes.readDoubleLE(at);
}

/** Moves behind the field whose tag was read: one that is not known here. */
export function skipField(cursor: Cursor, tag: number): void {
  const wireType = tag % 8;
  if (wireType === VARINT) readInt64(cursor);
  else if (wireType === LENGTH_DELIMITED) skipPart(cursor);
  else if (wireType === FIXED64) skipBytes(cursor, 8);
  else if (wireType === FIXED32) skipBytes(cursor, 4);
  else spoil(cursor);
}

const skipBytes = (cursor: Cursor, count: number): void => {
  if (cursor.at + count > cursor.end) spoil(cursor);
  else cursor.at += count;
};
