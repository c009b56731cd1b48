import type { FoundGroup } from './roster.ts';
import { identify, type Identity } from '../identify/identify.ts';

/** A group that is observed: where it is, since when, and what it is of. */
export interface Group extends FoundGroup {
  readonly identity: Identity;
}

/** crun may move a container's processes one group down (`<scope>/container`); limits and sums are the group's above. */
const isSubgroup = (path: string): boolean =>
  identify(path.slice(0, path.lastIndexOf('/'))).level === 'container';

/**
 * Whether a group is to be observed. What belongs to no pod cannot be attributed in a cluster; what a container nests is not
 * what its limit is about.
 */
export function isWanted({ level, podUid }: Identity, path: string, localNames: boolean): boolean {
  if (level === 'helper' || (level === 'container' && isSubgroup(path))) return false;
  return podUid === null ? localNames : level !== 'nested';
}
