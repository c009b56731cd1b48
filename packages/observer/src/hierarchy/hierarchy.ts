import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { KernelGossipError } from 'kernel-gossip-types';

/** Where a machine keeps what it counts about groups. The same relative path names one group in each directory. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Directory of the groups with `cpu.stat` and the quota. */
  readonly cpu: string;
  /** Directory of the groups with the usage; null where it is not mounted. In v2 `cpu.stat` has the usage itself. */
  readonly usage: string | null;
  /** Directory of the groups with the memory controller's files; null where it is not mounted. */
  readonly memory: string | null;
  /** Directory of the groups with `pids.current`; null where it is not mounted. */
  readonly pids: string | null;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** Version 2 offers the cpu controller here. In a hybrid layout the unified tree is there but has none. */
function hasCpuController(directory: string): boolean {
  try {
    return readFileSync(join(directory, 'cgroup.controllers'), 'utf8').split(/\s+/).includes('cpu');
  } catch {
    return false;
  }
}

const hasQuota = (directory: string): boolean => isFile(join(directory, 'cpu.cfs_quota_us'));
/** What each further controller of version 1 is known by, at any level of its hierarchy. */
const MARKS = {
  cpuacct: 'cpuacct.usage',
  memory: 'memory.usage_in_bytes',
  pids: 'cgroup.procs',
} as const;
type Further = keyof typeof MARKS;

/** Distributions mount the two controllers together in either order, or apart, with symbolic links for the rest. */
const JOINT_NAMES = ['cpu', 'cpu,cpuacct', 'cpuacct,cpu'] as const;

/** Version 2 has all controllers in one directory; a group for which one is not enabled lacks its files. */
const versionTwo = (root: string): Hierarchy => ({
  version: 2,
  cpu: root,
  usage: null,
  memory: root,
  pids: root,
});

const versionOne = (cpu: string, find: (controller: Further) => string | null): Hierarchy => ({
  version: 1,
  cpu,
  usage: isFile(join(cpu, MARKS.cpuacct)) ? cpu : find('cpuacct'),
  memory: find('memory'),
  pids: find('pids'),
});

const has = (directory: string, controller: Further): boolean => isFile(join(directory, MARKS[controller]));

/**
 * Finds the cpu controller below a root such as `/sys/fs/cgroup`: version 2, version 1 or the two side by side. The root
 * may also be the directory of version 1's cpu controller itself, or any group of it. The other controllers are those
 * beside it.
 *
 * Throws `KG_CGROUP_UNREADABLE` where there is none.
 */
export function findHierarchy(root: string): Hierarchy {
  if (hasCpuController(root)) return versionTwo(root);
  const joint = JOINT_NAMES.map((name) => join(root, name)).find(hasQuota);
  if (joint !== undefined) return versionOne(joint, (controller) => below(root, controller));
  if (hasQuota(root)) return versionOne(root, (controller) => beside(root, controller));
  const unified = join(root, 'unified');
  if (hasCpuController(unified)) return versionTwo(unified);
  throw new KernelGossipError(
    'KG_CGROUP_UNREADABLE',
    `no cpu controller below ${root}: neither cgroup.controllers with "cpu" nor a cpu directory with cpu.cfs_quota_us`,
  );
}

function below(root: string, controller: Further): string | null {
  const directory = join(root, controller);
  return has(directory, controller) ? directory : null;
}

/** For a root inside version 1's cpu hierarchy: the same group in a controller that is mounted beside `cpu`. */
function beside(root: string, controller: Further): string | null {
  const components: string[] = [];
  for (let directory = root; directory !== dirname(directory); directory = dirname(directory)) {
    if ((JOINT_NAMES as readonly string[]).includes(basename(directory))) {
      const found = join(dirname(directory), controller, ...components);
      if (has(found, controller)) return found;
    }
    components.unshift(basename(directory));
  }
  return null;
}
