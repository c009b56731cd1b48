import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../poll.ts';
import { isUnified } from '../cgroup-directory.ts';

const MOUNT = '/sys/fs/cgroup';
const DAEMONS = 'daemons';
const KUBELET_CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'] as const;

/**
 * Everything of a run is in cgroups below one of its own: the daemons in `daemons`, and the pods below what the
 * kubelet is told is its root. Being in that cgroup is the proof that a process is ours to kill.
 */
export interface RunCgroup {
  /** From the root of each hierarchy, as the kubelet wants its cgroupRoot. */
  readonly path: string;
  /** The same cgroup in every hierarchy that is mounted: one on v2, one per controller on v1. */
  readonly directories: readonly string[];
}

export function runCgroup(id: string, mount = MOUNT): RunCgroup {
  const path = `/kernel-gossip-e2e-${id}`;
  return { path, directories: hierarchies(mount).map((hierarchy) => join(hierarchy, path)) };
}

/** On v1 the v2 hierarchy may be mounted as well (`unified`); the kubelet and runc put the pods there too. */
function hierarchies(mount: string): readonly string[] {
  if (isUnified(mount)) return [mount];
  return readdirSync(mount, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(mount, entry.name))
    .filter((directory) => existsSync(join(directory, 'cgroup.procs')));
}

/** Makes the run's cgroups; gives back the cgroup.procs by which a daemon joins. */
export function makeRunCgroup(cgroup: RunCgroup): string {
  for (const directory of cgroup.directories) {
    mkdirSync(directory, { recursive: true });
    takeOverCpuset(directory);
  }
  if (isUnified()) delegateControllers(cgroup);
  return join(makeDaemonsCgroup(cgroup), 'cgroup.procs');
}

/** One hierarchy is enough to find the daemons; on v1 `pids`, which takes no part in sharing out resources. */
function makeDaemonsCgroup(cgroup: RunCgroup): string {
  const directory =
    cgroup.directories.find((path) => path.startsWith(`${MOUNT}/pids/`)) ?? cgroup.directories[0];
  if (directory === undefined) throw new Error(`no cgroup hierarchy is mounted below ${MOUNT}`);
  const daemons = join(directory, DAEMONS);
  mkdirSync(daemons, { recursive: true });
  takeOverCpuset(daemons);
  return daemons;
}

/** On v1 no process can join a cpuset before its CPUs and memory nodes are set. */
function takeOverCpuset(directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const parents = join(directory, '..', file);
    if (isUnified() || !existsSync(parents)) continue;
    writeFileSync(join(directory, file), readFileSync(parents, 'utf8').trim());
  }
}

/** On v2 a controller has to be handed down level by level; systemd has done so for the root already. */
function delegateControllers(cgroup: RunCgroup): void {
  for (const directory of [MOUNT, ...cgroup.directories]) {
    const available = readFileSync(join(directory, 'cgroup.controllers'), 'utf8').trim().split(' ');
    for (const controller of KUBELET_CONTROLLERS.filter((name) => available.includes(name))) {
      writeFileSync(join(directory, 'cgroup.subtree_control'), `+${controller}`);
    }
  }
}

/** Kills every process in the run's cgroups, again and again until a round finds none. */
export async function killMembers(cgroup: RunCgroup): Promise<void> {
  await until('the processes of the cluster to be gone', { timeoutMs: 30_000, everyMs: 50 }, () => {
    const pids = membersOf(cgroup);
    for (const pid of pids) kill(pid);
    return pids.length === 0 ? true : undefined;
  });
}

export function membersOf(cgroup: RunCgroup): readonly number[] {
  const pids = cgroup.directories.flatMap(subtree).flatMap((directory) => procsOf(directory));
  return [...new Set(pids)];
}

/** A cgroup whose last process just died can be busy for a moment longer. */
export async function removeRunCgroup(cgroup: RunCgroup): Promise<void> {
  await until('the cgroups of the cluster to be removed', { timeoutMs: 10_000, everyMs: 50 }, () => {
    for (const directory of cgroup.directories.flatMap(subtree).reverse()) rmdirSync(directory);
    return true;
  });
}

/** Parents before children. */
function subtree(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [directory, ...children.flatMap((entry) => subtree(join(directory, entry.name)))];
}

function procsOf(directory: string): readonly number[] {
  try {
    const text = readFileSync(join(directory, 'cgroup.procs'), 'utf8').trim();
    // 0 is how the kernel shows a process of another pid namespace: not ours, and kill(0) would be our own group.
    return text === ''
      ? []
      : text
          .split('\n')
          .map(Number)
          .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It died by itself in between.
  }
}
