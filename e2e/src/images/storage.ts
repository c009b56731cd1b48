import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../command.ts';
import { findProgramOrThrow, systemPath } from '../cluster/built/programs.ts';

/** Images and containers of buildah, in a folder of their own. */
export interface Storage {
  /** Runs buildah and returns what it printed. */
  buildah(args: readonly string[]): Promise<string>;
}

/** The user's own images are neither seen nor touched. */
export async function inStorage<T>(folder: string, work: (storage: Storage) => Promise<T>): Promise<T> {
  const where = ['--storage-driver', 'vfs', '--root', join(folder, 'root'), '--runroot', join(folder, 'run')];
  const env = { ...process.env, PATH: systemPath(), TMPDIR: folder };
  mkdirSync(folder, { recursive: true });
  try {
    return await work({
      buildah: (args) => runOrThrow(findProgramOrThrow('buildah'), [...where, ...args], { env }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
