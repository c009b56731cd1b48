import { walkGroups, type FoundGroup, type KnownLeaves, type WalkLimits } from './walk.ts';

/** What changed since the scan before. A group that was removed and made again is in both. */
export interface RosterChange {
  readonly appeared: readonly FoundGroup[];
  readonly vanished: readonly FoundGroup[];
  /** There are more groups than may be kept; some are left out. */
  readonly truncated: boolean;
}

export interface Roster {
  scan(): RosterChange;
  /** Tells the roster that a group's files answered ENODEV, so that its successor is looked at anew. */
  forget(path: string): void;
}

/** Every so many scans known leaves are looked at again: they may have children by now. */
const FULL_SCAN_EVERY = 10;
const LIMITS: WalkLimits = { maxDepth: 32, maxGroups: 20_000 };

/**
 * Keeps up with the groups at and below `subtree` (like `/kubepods`, or empty for all) of a hierarchy. A scan every second costs
 * about 1 ms per 1,000 groups. inotify does work on cgroupfs, but needs a watch for each directory, and a container's
 * first second is the kernel tracer's to see, not a sampler's.
 */
export function createRoster(root: string, subtree: string, limits: WalkLimits = LIMITS): Roster {
  let present = new Map<string, FoundGroup>();
  let leaves: KnownLeaves = new Map();
  let scans = 0;
  return {
    scan() {
      const full = scans % FULL_SCAN_EVERY === 0;
      scans += 1;
      const result = walkGroups(root, subtree, limits, full ? new Map() : leaves);
      leaves = result.leaves;
      const now = new Map(result.walk.groups.map((group) => [group.path, group]));
      const before = present;
      present = now;
      return {
        appeared: [...now.values()].filter(({ path, inode }) => before.get(path)?.inode !== inode),
        vanished: [...before.values()].filter(({ path, inode }) => now.get(path)?.inode !== inode),
        truncated: result.walk.truncated,
      };
    },
    forget(path) {
      present.delete(path);
      leaves = new Map([...leaves].filter(([leaf]) => leaf !== path));
    },
  };
}
