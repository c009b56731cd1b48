import { readFileSync } from 'node:fs';
import type { Descriptors } from './kept-file.ts';

/** Longer than any file that is read: `memory.stat` has 2 to 4 kB with every line that kernels up to 6.18 write. */
const BUFFER_BYTES = 16 * 1024;
const MOST_KEYS = 8;
/** 32 MiB of kernel memory, counted with this process's own. */
const MOST_KEPT = 8192;

/** What readings share, as they are taken one after the other. */
export interface Scratch {
  readonly buffer: Buffer;
  readonly values: Float64Array;
  readonly descriptors: Descriptors;
}

/** Half of the descriptors that this process may have are left for everything else. Node raises the soft limit to the hard one. */
function mostKept(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return Math.min(MOST_KEPT, Math.floor(Number(soft ?? 1024) / 2));
  } catch {
    return 512;
  }
}

export const createScratch = (most: number = mostKept()): Scratch => ({
  buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES),
  values: new Float64Array(MOST_KEYS),
  descriptors: { most, kept: 0 },
});
