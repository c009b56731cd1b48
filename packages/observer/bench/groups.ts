import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from 'kernel-gossip-types';
import { findHierarchy, type Hierarchy } from '../src/hierarchy/hierarchy.ts';

/** Groups to sample, and where they are. */
export interface BenchGroups {
  readonly hierarchy: Hierarchy;
  /** The group that holds them all, below the hierarchy. */
  readonly parent: string;
  readonly names: readonly string[];
  /** What they are, for people. */
  readonly nature: string;
  remove(): void;
}

const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `pod${index}`);

function realGroups(root: string, count: number): BenchGroups {
  const hierarchy = findHierarchy(root);
  const parent = `/kernel-gossip-bench-${process.pid}`;
  const names = namesOf(count);
  const directory = `${hierarchy.cpu}${parent}`;
  const made: string[] = [];
  const make = (path: string): void => {
    mkdirSync(path);
    made.unshift(path);
  };
  const remove = (): void => made.splice(0).forEach((path) => rmdirSync(path));
  try {
    make(directory);
    // In version 2 a group has bandwidth counters only where its parent hands the controller down.
    if (hierarchy.version === 2) writeFileSync(`${directory}/cgroup.subtree_control`, '+cpu');
    for (const name of names) make(`${directory}/${name}`);
    return { hierarchy, parent, names, nature: `real cgroups (version ${hierarchy.version})`, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

const V2_STAT = `usage_usec 2631641\nuser_usec 2000000\nsystem_usec 631641\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n`;

function fixtureGroups(count: number, why: string): BenchGroups {
  const root = mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-'));
  const parent = '/groups';
  const names = namesOf(count);
  for (const name of names) {
    mkdirSync(join(root, parent, name), { recursive: true });
    writeFileSync(join(root, parent, name, 'cpu.stat'), V2_STAT);
    writeFileSync(join(root, parent, name, 'cpu.max'), 'max 100000\n');
  }
  return {
    hierarchy: { version: 2, cpu: root, usage: null },
    parent,
    names,
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
