import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hierarchy } from 'kernel-gossip-observer';

/** What the kernel had counted about a group at one moment. */
export interface CpuCounters {
  readonly usageSeconds: number;
  readonly periods: number;
  readonly throttled: number;
  readonly withheldSeconds: number;
  /** By the monotonic clock. */
  readonly atMs: number;
}

/** 100 ms, which is what Kubernetes sets. */
export const PERIOD_US = 100_000;
const REMOVE_ATTEMPTS = 40;
const REMOVE_PAUSE_MS = 50;

function readKeyed(path: string): ReadonlyMap<string, number> {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [key = '', value = ''] = line.split(' ');
      return [key, Number(value)];
    }),
  );
}

function counted(counters: ReadonlyMap<string, number>, key: string): number {
  const value = counters.get(key);
  if (value === undefined) throw new Error(`the kernel's cpu.stat has no ${key}`);
  return value;
}

/** A CPU cgroup of our own with a quota, in either version (Documentation/admin-guide/cgroup-v2.rst, sched-bwc.rst). */
export class CpuGroup {
  readonly name: string;
  readonly hierarchy: Hierarchy;
  readonly #directories: readonly string[];

  /** Throws where this user, or this kernel, does not let us make one with a quota; then nothing is left behind. */
  constructor(hierarchy: Hierarchy, name: string) {
    this.name = name;
    this.hierarchy = hierarchy;
    this.#directories = [...new Set([hierarchy.cpu, hierarchy.usage ?? hierarchy.cpu])].map((root) =>
      join(root, name),
    );
    try {
      for (const directory of this.#directories) mkdirSync(directory);
      if (hierarchy.version === 1 && hierarchy.usage === null) throw new Error('cpuacct is not mounted');
      this.limit(null);
    } catch (error) {
      this.removeNow();
      throw error;
    }
  }

  /** Where the usage is read. */
  get usageFile(): string {
    const { version, usage, cpu } = this.hierarchy;
    return version === 1 ? join(usage ?? cpu, this.name, 'cpuacct.usage') : this.statFile;
  }

  get statFile(): string {
    return join(this.hierarchy.cpu, this.name, 'cpu.stat');
  }

  /** Sets the quota in cores; null lifts it. */
  limit(cores: number | null): void {
    const quota = cores === null ? null : Math.round(cores * PERIOD_US);
    const group = join(this.hierarchy.cpu, this.name);
    if (this.hierarchy.version === 1) {
      writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quota ?? -1));
      return;
    }
    // Opened for writing only where it is there: without the cpu controller a new group has no cpu.max.
    statSync(join(group, 'cpu.max'));
    writeFileSync(join(group, 'cpu.max'), `${quota ?? 'max'} ${PERIOD_US}`);
  }

  /** Moves a process with all its threads into the group. */
  add(pid: number): void {
    for (const directory of this.#directories) writeFileSync(join(directory, 'cgroup.procs'), String(pid));
  }

  read(): CpuCounters {
    const stat = readKeyed(this.statFile);
    const isFirst = this.hierarchy.version === 1;
    return {
      usageSeconds: isFirst
        ? Number(readFileSync(this.usageFile, 'utf8')) / 1e9
        : counted(stat, 'usage_usec') / 1e6,
      periods: counted(stat, 'nr_periods'),
      throttled: counted(stat, 'nr_throttled'),
      withheldSeconds: isFirst
        ? counted(stat, 'throttled_time') / 1e9
        : counted(stat, 'throttled_usec') / 1e6,
      atMs: performance.now(),
    };
  }

  /** Removes the group; its processes must have been ended. The kernel needs a moment to let go of them. */
  async remove(): Promise<void> {
    for (let attempt = 0; attempt < REMOVE_ATTEMPTS && !this.removeNow(); attempt += 1) {
      await sleep(REMOVE_PAUSE_MS);
    }
  }

  /** Tries once; whether nothing is left. */
  removeNow(): boolean {
    return this.#directories.map(removed).every(Boolean);
  }
}

function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}
