import { ABSENT, parseFlatKeyed, parseNumber } from './flat-keyed.ts';
import { readOnce } from './kept-file.ts';
import { parsePressureTotal, type PressureKind } from './pressure.ts';

const US_PER_SECOND = 1e6;

const numberIn = (word: string | undefined): number | null =>
  word !== undefined && /^\d{1,20}$/.test(word) ? Number(word) : null;

/** Reads files that are read seldom, one after the other. What is not there, or cannot be read, is null. */
export class CounterFiles {
  readonly #buffer: Buffer;
  #isAnyRead = false;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** Whether any file could be read so far. */
  get isAnyRead(): boolean {
    return this.#isAnyRead;
  }

  /** The number that the file holds; null for `max`, and for a path that is null. */
  number(path: string | null): number | null {
    const length = this.#read(path);
    return length < 0 ? null : parseNumber(this.#buffer, length);
  }

  /** The two numbers that the file holds, null for `max`. */
  pair(path: string): readonly [number | null, number | null] {
    const length = this.#read(path);
    const [first, second] = length < 0 ? [] : this.#buffer.toString('latin1', 0, length).trim().split(' ');
    return [numberIn(first), numberIn(second)];
  }

  /** The numbers beside these keys. */
  keyed<K extends string>(path: string | null, keys: readonly K[]): Readonly<Record<K, number | null>> {
    const length = this.#read(path);
    const values = new Float64Array(keys.length).fill(ABSENT);
    const names = keys.map((key) => Buffer.from(key));
    if (length >= 0) parseFlatKeyed(this.#buffer, length, names, values);
    const found = keys.map((key, index) => [key, values[index] === ABSENT ? null : values[index]]);
    return Object.fromEntries(found) as Record<K, number | null>;
  }

  /** The totals of a pressure file. */
  pressure(path: string): { readonly someSeconds: number | null; readonly fullSeconds: number | null } {
    const length = this.#read(path);
    const total = (kind: PressureKind): number | null => {
      const us = length < 0 ? ABSENT : parsePressureTotal(this.#buffer, length, kind);
      return us === ABSENT ? null : us / US_PER_SECOND;
    };
    return { someSeconds: total('some'), fullSeconds: total('full') };
  }

  #read(path: string | null): number {
    const length = path === null ? -1 : readOnce(path, this.#buffer);
    if (length >= 0) this.#isAnyRead = true;
    return length;
  }
}
