import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from 'kernel-gossip-types';
import { findHierarchy, type Hierarchy } from '../src/hierarchy/hierarchy.ts';

/** Pods with two containers each, and where they are. */
export interface BenchGroups {
  readonly hierarchy: Hierarchy;
  /** The group that holds them all, below the hierarchy. */
  readonly parent: string;
  /** Paths below the parent, each beginning with a slash. */
  readonly pods: readonly string[];
  readonly containers: readonly string[];
  /** What they are, for people. */
  readonly nature: string;
  remove(): void;
}

const CONTAINERS_PER_POD = 2;
const hex = (index: number, digits: number): string => index.toString(16).padStart(digits, '0');
const podOf = (index: number): string => `/pod${hex(index, 8)}-0a5c-4a43-9a7e-2f8f6f0c1d11`;

function pathsOf(count: number): Pick<BenchGroups, 'pods' | 'containers'> {
  const containers = Array.from(
    { length: count },
    (_, index) => `${podOf(Math.floor(index / CONTAINERS_PER_POD))}/${hex(index, 64)}`,
  );
  return { containers, pods: [...new Set(containers.map((path) => path.slice(0, path.lastIndexOf('/'))))] };
}

function realGroups(root: string, count: number): BenchGroups {
  const hierarchy = findHierarchy(root);
  const parent = `/kernel-gossip-bench-${process.pid}`;
  const { pods, containers } = pathsOf(count);
  const { cpu, usage, memory, pids, version } = hierarchy;
  const roots = [...new Set([cpu, usage, memory, pids])].filter((directory) => directory !== null);
  const made: string[] = [];
  const make = (path: string): void => {
    for (const directory of roots) {
      mkdirSync(`${directory}${parent}${path}`);
      made.unshift(`${directory}${parent}${path}`);
    }
    // In version 2 a group has counters only where its parent hands the controllers down.
    if (version === 2 && !containers.includes(path))
      writeFileSync(`${cpu}${parent}${path}/cgroup.subtree_control`, '+cpu +memory +pids');
  };
  const remove = (): void => made.splice(0).forEach((path) => rmdirSync(path));
  const limit = version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
  try {
    for (const path of ['', ...pods, ...containers]) make(path);
    if (memory !== null)
      for (const path of containers) writeFileSync(`${memory}${parent}${path}/${limit}`, '104857600');
    const nature = `real cgroups (version ${version})`;
    return { hierarchy, parent, pods, containers, nature, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

const V2_FILES: Readonly<Record<string, string>> = {
  'cpu.stat': `usage_usec 2631641\nuser_usec 2000000\nsystem_usec 631641\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n`,
  'cpu.max': 'max 100000\n',
  'memory.current': '1048576\n',
  'memory.max': '104857600\n',
  'memory.events': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n',
  'memory.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
};

function fixtureGroups(count: number, why: string): BenchGroups {
  const root = mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-'));
  const parent = '/groups';
  const paths = pathsOf(count);
  for (const path of [...paths.pods, ...paths.containers]) {
    mkdirSync(join(root, parent, path), { recursive: true });
    for (const [name, text] of Object.entries(V2_FILES)) writeFileSync(join(root, parent, path, name), text);
  }
  return {
    hierarchy: { version: 2, cpu: root, usage: null, memory: root, pids: root },
    parent,
    ...paths,
    nature: `plain files shaped like version 2, since no cgroup can be made here (${why})`,
    remove: () => rmSync(root, { recursive: true }),
  };
}

/** Makes groups under the cpu controller, or files that look like them where that is not allowed. */
export function makeGroups(root: string, count: number): BenchGroups {
  try {
    return realGroups(root, count);
  } catch (error) {
    return fixtureGroups(count, messageOf(error));
  }
}
