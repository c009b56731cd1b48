import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorOver, isReadThrough, readInt64, readPart, readSize, skipField, skipPart } from './wire.ts';

/** A varint as the encoding's documentation describes it: seven bits a byte, the lowest first. */
const varint = (value: bigint): number[] => {
  const rest = BigInt.asUintN(64, value);
  return rest < 128n ? [Number(rest)] : [Number(rest & 127n) | 128, ...varint(rest >> 7n)];
};

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer().map(BigInt),
  fc.constantFrom(0n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
);

describe('the wire format', () => {
  it('reads 64-bit numbers to the last bit', () => {
    fc.assert(
      fc.property(fc.array(int64), (values) => {
        const cursor = cursorOver(Buffer.from(values.flatMap(varint)));
        expect(values.map(() => readInt64(cursor))).toEqual(values);
        expect(isReadThrough(cursor)).toBe(true);
      }),
    );
  });

  it('reads sizes, and takes none that is too large for one', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (size) => {
        const cursor = cursorOver(Buffer.from(varint(BigInt(size))));
        const read = readSize(cursor);
        if (size < 2 ** 49) expect([read, isReadThrough(cursor)]).toEqual([size, true]);
        else expect(isReadThrough(cursor)).toBe(false);
      }),
    );
  });

  it('stays beyond the end once something was cut off or malformed', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
    const reads = [
      readInt64,
      readSize,
      skipPart,
      (cursor: ReturnType<typeof cursorOver>) => skipField(cursor, readSize(cursor)),
    ];
    fc.assert(
      fc.property(bytes, fc.array(fc.constantFrom(...reads), { maxLength: 60 }), (buffer, steps) => {
        const cursor = cursorOver(buffer);
        let beyond = false;
        for (const step of steps) {
          step(cursor);
          if (beyond) expect(cursor.at).toBeGreaterThan(cursor.end);
          beyond = cursor.at > cursor.end;
        }
        expect(cursor.at).toBeLessThanOrEqual(cursor.end + 1);
      }),
    );
  });

  it('never lets a part reach beyond what holds it', () => {
    const cursor = cursorOver(Buffer.from([5, 1, 2, 3]));
    const part = readPart(cursor);
    expect(part.end).toBeLessThanOrEqual(4);
    expect(isReadThrough(cursor)).toBe(false);
  });
});
