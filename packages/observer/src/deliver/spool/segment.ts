import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { countLines } from './read-lines.ts';

/** One file of a spool: lines that were appended to it, and never changed. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  /** Up to here it was written as a whole. */
  bytes: number;
  /** Those that were not taken out yet. */
  observations: number;
  /** How many summaries it has at most. */
  summaries: number;
}

const NAME = /^segment-(\d{12})\.ndjson$/;
const UNFINISHED = /^segment-\d{12}\.ndjson\.tmp$/;

export const newSegment = (directory: string, number: number): Segment => ({
  number,
  path: join(directory, `segment-${String(number).padStart(12, '0')}.ndjson`),
  bytes: 0,
  observations: 0,
  summaries: 0,
});

/** The segments of a folder, oldest first. What was to replace one, and never did, is removed; other files are left alone. */
export async function findSegments(directory: string): Promise<Segment[]> {
  const names = await readdir(directory);
  for (const name of names) if (UNFINISHED.test(name)) await remove(join(directory, name));
  const numbers = names.flatMap((name) => {
    const digits = NAME.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  const segments: Segment[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const segment = newSegment(directory, number);
    const { lines, bytes } = await countLines(segment.path);
    segments.push({ ...segment, bytes, observations: lines, summaries: lines });
  }
  return segments;
}

/** Removes a file, if it is there and may be removed; what stays is found at the next start. */
export const remove = (path: string): Promise<void> => unlink(path).catch(() => undefined);
