import { identify, type Identity } from '../identify/identify.ts';
import type { Birth } from './birth.ts';
import type { GroupLine } from './line.ts';
import type { WallOffset } from './wall-clock.ts';

/** One pod, or one container of no pod, and the births of it so far. */
export class PodBirths {
  /** The pod's UID; the path of its cgroup where it is a container of no pod. */
  readonly key: string;
  readonly beganAtUs: number;
  readonly offset: WallOffset;
  /** When its own cgroup was made; null where that was before the tracer, or where it has none. */
  readonly groupMadeAtUs: number | null;
  /** The path that stands for it: the pod's cgroup, or the container's where there is no pod. */
  path: string | null;
  readonly births = new Map<string, Birth>();
  readonly #groups = new Set<string>();
  /** Events that were lost while it was born; null once nobody can tell how many. */
  lostEvents: number | null = 0;
  /** Births that had to give way to later ones. */
  forgotten = 0;

  constructor(key: string, atUs: number, offset: WallOffset, groupPath: string | null) {
    this.key = key;
    this.beganAtUs = atUs;
    this.offset = offset;
    this.groupMadeAtUs = groupPath === null ? null : atUs;
    this.path = groupPath;
  }

  /** Cgroups made for the pod as such, in all hierarchies. */
  get groups(): number {
    return this.#groups.size;
  }

  addGroup({ hierarchy, id }: GroupLine): void {
    // Hierarchies of version 1 are at most 32 (CGROUP_SUBSYS_COUNT and named ones); the bound is for a liar.
    if (this.#groups.size < 64) this.#groups.add(`${hierarchy} ${id}`);
  }
}

/** The cgroup of a pod, as far as a container's path in it tells. */
export function podPathOf(path: string): string | null {
  const components = path.split('/');
  for (let end = components.length; end > 1; end -= 1) {
    const above = components.slice(0, end).join('/');
    if (identify(above).level === 'pod') return above;
  }
  return null;
}

/** Whose births are told together. */
export const keyOf = ({ podUid }: Identity, path: string): string => podUid ?? path;
