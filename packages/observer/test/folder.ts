import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Folder {
  readonly path: string;
  readonly remove: () => void;
}

/** An empty folder of its own. */
export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'kernel-gossip-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Disk extends Folder {
  readonly setReadOnly: (isReadOnly: boolean) => void;
}

/** A file system of so many KiB in memory, mounted on a folder of its own. */
export function mountDisk(kibibytes: number): Disk {
  const { path, remove } = makeFolder();
  const mount = (...options: readonly string[]): Buffer =>
    execFileSync('mount', [...options, path], { stdio: 'pipe' });
  mount('-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs');
  return {
    path,
    setReadOnly: (isReadOnly) => void mount('-o', `remount,${isReadOnly ? 'ro' : 'rw'}`),
    remove() {
      execFileSync('umount', [path]);
      remove();
    },
  };
}

/** Why no disk can be mounted here, or null. */
export function whyNoDisk(): string | null {
  try {
    mountDisk(64).remove();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
