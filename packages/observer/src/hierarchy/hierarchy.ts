import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { KernelGossipError } from 'kernel-gossip-types';

/** Where a machine keeps its CPU bandwidth counters. The same relative path names one group in each directory. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Directory of the groups with `cpu.stat` and the quota. */
  readonly cpu: string;
  /** Directory of the groups with the usage; null where it is not mounted. In v2 `cpu.stat` has the usage itself. */
  readonly usage: string | null;
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
const hasUsage = (directory: string): boolean => isFile(join(directory, 'cpuacct.usage'));

/** Distributions mount the two controllers together in either order, or apart, with symbolic links for the rest. */
const JOINT_NAMES = ['cpu', 'cpu,cpuacct', 'cpuacct,cpu'] as const;

function versionOne(cpu: string, root: string): Hierarchy {
  const usage = [cpu, join(root, 'cpuacct')].find(hasUsage) ?? null;
  return { version: 1, cpu, usage };
}

/**
 * Finds the cpu controller below a root such as `/sys/fs/cgroup`: version 2, version 1 or the two side by side. The root
 * may also be the directory of version 1's cpu controller itself, or any group of it.
 *
 * Throws `KG_CGROUP_UNREADABLE` where there is none.
 */
export function findHierarchy(root: string): Hierarchy {
  if (hasCpuController(root)) return { version: 2, cpu: root, usage: null };
  const joint = JOINT_NAMES.map((name) => join(root, name)).find(hasQuota);
  if (joint !== undefined) return versionOne(joint, root);
  if (hasQuota(root)) return { version: 1, cpu: root, usage: usageBeside(root) };
  const unified = join(root, 'unified');
  if (hasCpuController(unified)) return { version: 2, cpu: unified, usage: null };
  throw new KernelGossipError(
    'KG_CGROUP_UNREADABLE',
    `no cpu controller below ${root}: neither cgroup.controllers with "cpu" nor a cpu directory with cpu.cfs_quota_us`,
  );
}

/** For a root inside version 1's cpu hierarchy: the same group in `cpuacct`, which is mounted beside `cpu`. */
function usageBeside(root: string): string | null {
  if (hasUsage(root)) return root;
  const below: string[] = [];
  for (let directory = root; directory !== dirname(directory); directory = dirname(directory)) {
    if (basename(directory) === 'cpu') {
      const beside = join(dirname(directory), 'cpuacct', ...below);
      if (hasUsage(beside)) return beside;
    }
    below.unshift(basename(directory));
  }
  return null;
}
