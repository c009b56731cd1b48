import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Opens a file, reads it piece by piece until its end or until `visit` has enough, and closes it: what the kernel writes line
 * by line comes a page at a time (fs/seq_file.c). False where it cannot be read.
 */
export function readPieces(
  path: string,
  buffer: Buffer,
  visit: (text: string) => 'more' | 'enough',
): boolean {
  let descriptor = -1;
  try {
    descriptor = openSync(path, 'r');
    let length = -1;
    do length = readSync(descriptor, buffer, 0, buffer.length, null);
    while (length > 0 && visit(buffer.toString('latin1', 0, length)) === 'more');
    return true;
  } catch {
    return false;
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}

/** The numbers of a file that has one on each line. */
export interface Numbers {
  readonly count: number;
  /** As many of them as were asked for. */
  readonly first: readonly number[];
}

/** Nobody shall wait for the tasks of a group with more than this. */
const MOST_NUMBERS = 32_768;

/** Counts the numbers of a file such as `cgroup.procs`, and gives the first `most`. Null where it cannot be read, or has too many. */
export function readNumbers(path: string, buffer: Buffer, most: number): Numbers | null {
  const first: number[] = [];
  let count = 0;
  let rest = '';
  const isRead = readPieces(path, buffer, (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    count += lines.length;
    first.push(...lines.slice(0, most - first.length).map(Number));
    return count > MOST_NUMBERS ? 'enough' : 'more';
  });
  return isRead && count <= MOST_NUMBERS ? { count, first } : null;
}

/** Nothing that is looked for is longer, so that a piece and this much of the one before have it in one. */
const LONGEST_FOUND = 64;

/** Whether what is looked for stands in the first so many bytes of a file. */
export function isInFile(path: string, buffer: Buffer, wanted: RegExp, mostBytes: number): boolean {
  let isFound = false;
  let bytes = 0;
  let rest = '';
  readPieces(path, buffer, (text) => {
    isFound = wanted.test(rest + text);
    rest = text.slice(-LONGEST_FOUND);
    bytes += text.length;
    return isFound || bytes >= mostBytes ? 'enough' : 'more';
  });
  return isFound;
}
