const NEWLINE = 10;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;

/** What a file does not have. Counters are never negative. */
export const ABSENT = -1;

function matches(buffer: Buffer, start: number, length: number, key: Buffer): boolean {
  if (length !== key.length) return false;
  for (let index = 0; index < length; index += 1) if (buffer[start + index] !== key[index]) return false;
  return true;
}

function keyAt(buffer: Buffer, start: number, length: number, keys: readonly Buffer[]): number {
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index];
    if (key !== undefined && matches(buffer, start, length, key)) return index;
  }
  return -1;
}

/**
 * The whole number that fills `[start, end)`, or `ABSENT`. Beyond 2^53 it is the nearest double: a relative error of
 * 1e-16, where nanoseconds of throttling summed over many CPUs do get there within days.
 */
function numberAt(buffer: Buffer, start: number, end: number): number {
  if (start >= end) return ABSENT;
  let value = 0;
  for (let index = start; index < end; index += 1) {
    const byte = buffer[index] ?? 0;
    if (byte < ZERO || byte > NINE) return ABSENT;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}

/**
 * Reads `key number` lines, the kernel's "flat keyed" format, from the first `length` bytes into `values`, one for each
 * key, `ABSENT` where the file lacks it. Goes by key and never by line: kernels add lines (`nr_bursts`, `core_sched.*`).
 * Makes no garbage. Never throws, whatever the bytes.
 */
export function parseFlatKeyed(
  buffer: Buffer,
  length: number,
  keys: readonly Buffer[],
  values: Float64Array,
): void {
  values.fill(ABSENT);
  let start = 0;
  while (start < length) {
    let end = start;
    let space = -1;
    for (; end < length && buffer[end] !== NEWLINE; end += 1) {
      if (space < 0 && buffer[end] === SPACE) space = end;
    }
    const index = space > start ? keyAt(buffer, start, space - start, keys) : -1;
    if (index >= 0) values[index] = numberAt(buffer, space + 1, end);
    start = end + 1;
  }
}

const MINUS = 45;

/** The whole number, maybe negative, that a file holds alone, a newline behind it; null where there is none. Makes no garbage. */
export function parseNumber(buffer: Buffer, length: number): number | null {
  const end = length > 0 && buffer[length - 1] === NEWLINE ? length - 1 : length;
  const isNegative = end > 0 && buffer[0] === MINUS;
  const value = numberAt(buffer, isNegative ? 1 : 0, end);
  if (value === ABSENT) return null;
  return isNegative ? -value : value;
}
