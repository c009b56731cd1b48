import { readdirSync, statSync } from 'node:fs';
import { identify } from '../identify/identify.ts';

/** A group's directory as it was when it was looked at. */
export interface Directory {
  /** Tells a group from a later one of the same path. */
  readonly inode: number;
  /** Whether groups that are of interest may be in it, now or later. */
  readonly mayHoldGroups: boolean;
}

/** A directory's link count is 2 plus its subdirectories in cgroupfs; file systems that do not count say 1. */
const LINKS_OF_A_LEAF = 2;

/**
 * What is below a pod's container is the container's own business. A slice, a pod and a plain directory are there to hold
 * groups. A service, a scope or a container of no pod mostly holds none, and is looked into where it does.
 */
export function mayHoldGroups(path: string, links: number): boolean {
  const { level, podUid, unit } = identify(path);
  if (level === 'helper') return false;
  if (level === 'container' || level === 'nested') return podUid === null && links !== LINKS_OF_A_LEAF;
  return level !== 'unit' || unit?.endsWith('.slice') === true || links !== LINKS_OF_A_LEAF;
}

/** Looks at the group at `path` below `root`; null where there is none, or none that we may see. Never throws. */
export function lookAt(root: string, path: string): Directory | null {
  try {
    const stats = statSync(`${root}${path}`, { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true) return null;
    return { inode: stats.ino, mayHoldGroups: mayHoldGroups(path, stats.nlink) };
  } catch {
    return null;
  }
}

/** Names of a directory's subdirectories. None where it vanished, or is not ours to read. */
export function subdirectories(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
