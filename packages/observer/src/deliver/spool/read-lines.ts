import { open } from 'node:fs/promises';
import type { Portion } from '../waiting.ts';

const CHUNK_BYTES = 262_144;
const NEWLINE = 0x0a;

/** A part of a file, in bytes: from `start`, before `end`. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

export interface ReadLines {
  /** Without their line breaks. A last line that has none is torn, and stands here like the others. */
  readonly lines: readonly string[];
  /** Where the next read begins; the end of the stretch when nothing is left. */
  readonly next: number;
}

/** Reads whole lines from the start of a stretch: about as many as `most` says, and one at least where there is any. */
export async function readLines(path: string, { start, end }: Stretch, most: Portion): Promise<ReadLines> {
  const file = await open(path, 'r');
  try {
    for (let size = Math.min(Math.max(most.bytes, CHUNK_BYTES), end - start); ; size *= 2) {
      const bytes = Buffer.alloc(Math.min(size, end - start));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
      const isRest = start + bytesRead >= end || bytesRead < bytes.length;
      const { lines, used } = split(bytes.subarray(0, bytesRead), most.count, isRest);
      const next = isRest && used === bytesRead ? end : start + used;
      if (used > 0 || isRest) return { lines, next };
    }
  } finally {
    await file.close();
  }
}

/** The first lines; what has no line break counts as one only where nothing follows it. */
function split(bytes: Buffer, count: number, isRest: boolean): { lines: readonly string[]; used: number } {
  const lines: string[] = [];
  let used = 0;
  while (lines.length < count && used < bytes.length) {
    const at = bytes.indexOf(NEWLINE, used);
    if (at < 0 && !isRest) break;
    lines.push(bytes.toString('utf8', used, at < 0 ? bytes.length : at));
    used = at < 0 ? bytes.length : at + 1;
  }
  return { lines, used };
}

/** How many lines a file has, a torn one at its end included, and how long it is. */
export async function countLines(path: string): Promise<{ readonly lines: number; readonly bytes: number }> {
  const file = await open(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let lines = 0;
    let bytes = 0;
    let isTorn = false;
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, bytes);
      if (bytesRead === 0) return { lines: lines + (isTorn ? 1 : 0), bytes };
      const read = chunk.subarray(0, bytesRead);
      for (let at = read.indexOf(NEWLINE); at >= 0; at = read.indexOf(NEWLINE, at + 1)) lines += 1;
      isTorn = read[bytesRead - 1] !== NEWLINE;
      bytes += bytesRead;
    }
  } finally {
    await file.close();
  }
}
