import { closeSync, openSync, readSync } from 'node:fs';

/** The group is gone: its directory was removed, whether or not one of the same name took its place. */
export const GONE = -1;
/** The file cannot be read now, or at all: no right, no free descriptor. */
export const UNREADABLE = -2;

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** A removed group's open file answers ENODEV; its name, ENOENT. */
const outcomeOf = (error: unknown): number =>
  ['ENODEV', 'ENOENT', 'ENOTDIR'].includes(String(codeOf(error))) ? GONE : UNREADABLE;

/**
 * A file of cgroupfs that is opened at its first reading and kept open, since to open and close costs four times what a
 * reading costs. Every kept file holds a page of kernel memory, so keep only what is read often.
 */
export class KeptFile {
  readonly path: string;
  #descriptor = -1;

  constructor(path: string) {
    this.path = path;
  }

  /** Reads from the file's beginning: how many bytes are in the buffer now, or `GONE`, or `UNREADABLE`. Never throws. */
  read(buffer: Buffer): number {
    try {
      if (this.#descriptor < 0) this.#descriptor = openSync(this.path, 'r');
      return readSync(this.#descriptor, buffer, 0, buffer.length, 0);
    } catch (error) {
      this.close();
      return outcomeOf(error);
    }
  }

  close(): void {
    if (this.#descriptor < 0) return;
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    try {
      closeSync(descriptor);
    } catch {
      // Nothing was written, so nothing can be lost; the descriptor is free either way (close(2)).
    }
  }
}
