import { closeSync, openSync, readSync } from 'node:fs';
import { codeOf } from './error-code.ts';

/** The group is gone: its directory was removed, whether or not one of the same name took its place. */
export const GONE = -1;
/** The file cannot be read now, or at all: no right, no free descriptor. */
export const UNREADABLE = -2;

/** How many files may be kept open, and are. */
export interface Descriptors {
  readonly most: number;
  kept: number;
}

/** A removed group's open file answers ENODEV; its name, ENOENT. */
const outcomeOf = (error: unknown): number =>
  ['ENODEV', 'ENOENT', 'ENOTDIR'].includes(String(codeOf(error))) ? GONE : UNREADABLE;

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // Nothing was written, so nothing can be lost; the descriptor is free either way (close(2)).
  }
}

/** Opens, reads and closes: for what is read seldom. How many bytes are in the buffer, or `GONE`, or `UNREADABLE`. Never throws. */
export function readOnce(path: string, buffer: Buffer): number {
  let descriptor = -1;
  try {
    descriptor = openSync(path, 'r');
    return readSync(descriptor, buffer, 0, buffer.length, 0);
  } catch (error) {
    return outcomeOf(error);
  } finally {
    if (descriptor >= 0) closeQuietly(descriptor);
  }
}

/**
 * A file of cgroupfs that is opened at its first reading and kept open, since to open and close costs four times what a
 * reading costs. Every kept file holds a page of kernel memory (the buffer of seq_file.c), so keep only what is read often;
 * beyond `most` files each reading opens and closes.
 */
export class KeptFile {
  readonly #directory: string;
  readonly #name: string;
  #descriptor = -1;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
  }

  /** Reads from the file's beginning: how many bytes are in the buffer now, or `GONE`, or `UNREADABLE`. Never throws. */
  read(buffer: Buffer, descriptors: Descriptors): number {
    if (this.#descriptor < 0 && descriptors.kept >= descriptors.most) return readOnce(this.#path, buffer);
    try {
      if (this.#descriptor < 0) {
        this.#descriptor = openSync(this.#path, 'r');
        descriptors.kept += 1;
      }
      return readSync(this.#descriptor, buffer, 0, buffer.length, 0);
    } catch (error) {
      this.close(descriptors);
      return outcomeOf(error);
    }
  }

  close(descriptors: Descriptors): void {
    if (this.#descriptor < 0) return;
    closeQuietly(this.#descriptor);
    this.#descriptor = -1;
    descriptors.kept -= 1;
  }

  get #path(): string {
    return `${this.#directory}/${this.#name}`;
  }
}
