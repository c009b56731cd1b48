import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes of a file, cut off at the buffer's length, and the inode of what was really read. */
export interface WholeFile {
  readonly text: string;
  readonly inode: number;
}

/** `/proc/<pid>/net/netstat` has 4.5 KB, `dev` 120 bytes for each interface, `cgroup.procs` 8 for each process. */
const BUFFER_BYTES = 65_536;
export const createFileBuffer = (): Buffer => Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** A file of records gives at most a page at a time (fs/seq_file.c), so it is read until its end. */
function fill(descriptor: number, buffer: Buffer): number {
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}

/**
 * Opens, reads and closes a file; nothing stays open: an open file of `/proc/<pid>/net` keeps its network namespace, and all
 * that is in it, beyond the pod's end. `wants` may say by the inode that the text is not needed. Null where it cannot be read.
 */
export function readWhole(
  path: string,
  buffer: Buffer,
  wants: (inode: number) => boolean = () => true,
): WholeFile | null {
  let descriptor = -1;
  try {
    descriptor = openSync(path, 'r');
    const inode = fstatSync(descriptor).ino;
    const length = wants(inode) ? fill(descriptor, buffer) : 0;
    return { inode, text: buffer.toString('latin1', 0, length) };
  } catch {
    return null;
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}
