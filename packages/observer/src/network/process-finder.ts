import { readdirSync } from 'node:fs';
import { identify } from '../identify/identify.ts';
import { readWhole } from './read-whole.ts';

/** A process and the group that lists it. */
export interface FoundProcess {
  readonly pid: number;
  /** Path below the hierarchy. */
  readonly group: string;
}

/** No process there; or only such that have no number here, since this process lives in another PID namespace. */
export type NoProcess = 'none' | 'invisible';

/** A pod has a group for each container, and few have groups of their own below it. */
const MAX_GROUPS = 256;

function childrenOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Finds processes of groups below the root of a hierarchy. */
export class ProcessFinder {
  readonly #root: string;
  readonly #buffer: Buffer;

  constructor(root: string, buffer: Buffer) {
    this.#root = root;
    this.#buffer = buffer;
  }

  /**
   * A process of the group at `path` or of those below it, those next to it first: a container's first process rather than
   * what it nests, which may have a namespace of its own. The monitor that cri-o puts into a pod lives in the machine's.
   */
  find(path: string): FoundProcess | NoProcess {
    let outcome: NoProcess = 'none';
    const groups = [path];
    for (const group of groups) {
      if (identify(group).level === 'helper') continue;
      const pids = this.#pidsOf(group);
      const pid = pids.find((number) => number > 0);
      if (pid !== undefined) return { pid, group };
      if (pids.length > 0) outcome = 'invisible';
      const below = childrenOf(`${this.#root}${group}`).map((name) => `${group}/${name}`);
      groups.push(...below.slice(0, MAX_GROUPS - groups.length));
    }
    return outcome;
  }

  /** Whether the process is still where it was found: a number is given to another process when the first one has ended. */
  isStillThere({ pid, group }: FoundProcess): boolean {
    return this.#pidsOf(group).includes(pid);
  }

  /** A process of another PID namespace shows as 0 (cgroups(7)). A list that is cut off loses its last number. */
  #pidsOf(group: string): readonly number[] {
    const text = readWhole(`${this.#root}${group}/cgroup.procs`, this.#buffer)?.text ?? '';
    return text.split('\n').slice(0, -1).map(Number);
  }
}
