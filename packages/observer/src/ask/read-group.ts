import { statSync } from 'node:fs';
import type { Group } from '../discover/group.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import type { CpuLimit } from '../rate/window.ts';
import { CounterFiles } from '../sample/counter-files.ts';
import { limitOf } from '../sample/cpu-files.ts';
import { limitIn } from '../sample/memory-files.ts';
import type { Counters, GroupReading } from './group-reading.ts';

const NS_PER_US = 1000;

type CpuPart = Omit<Counters, 'oomKills'> & { readonly limit: CpuLimit | null };
interface MemoryPart {
  readonly usageBytes: number | null;
  readonly limitBytes: number | null;
  readonly oomKills: number | null;
}

const us = (ns: number | null): number | null => ns && ns / NS_PER_US;

/** The counters before the limit: one that changes in between shows with a reading that it was not yet in force for. */
function cpuOfVersionOne(files: CounterFiles, { cpu, usage }: Hierarchy, path: string): CpuPart {
  const group = `${cpu}${path}`;
  const stat = files.keyed(`${group}/cpu.stat`, ['nr_periods', 'nr_throttled', 'throttled_time']);
  return {
    usageUs: us(files.number(usage === null ? null : `${usage}${path}/cpuacct.usage`)),
    nrPeriods: stat.nr_periods,
    nrThrottled: stat.nr_throttled,
    throttledUs: us(stat.throttled_time),
    limit: limitOf(files.number(`${group}/cpu.cfs_quota_us`), files.number(`${group}/cpu.cfs_period_us`)),
  };
}

function cpuOfVersionTwo(files: CounterFiles, group: string): CpuPart {
  const keys = ['usage_usec', 'nr_periods', 'nr_throttled', 'throttled_usec'] as const;
  const stat = files.keyed(`${group}/cpu.stat`, keys);
  return {
    usageUs: stat.usage_usec,
    nrPeriods: stat.nr_periods,
    nrThrottled: stat.nr_throttled,
    throttledUs: stat.throttled_usec,
    limit: limitOf(...files.pair(`${group}/cpu.max`)),
  };
}

/** Version 1 counts a kill in the group of the process alone, so that a pod's own group has none to tell. */
function memoryOfVersionOne(files: CounterFiles, group: string, isPod: boolean): MemoryPart {
  const kills = isPod ? null : files.keyed(`${group}/memory.oom_control`, ['oom_kill']).oom_kill;
  return {
    usageBytes: files.number(`${group}/memory.usage_in_bytes`),
    limitBytes: limitIn(files.number(`${group}/memory.limit_in_bytes`)),
    oomKills: kills,
  };
}

const memoryOfVersionTwo = (files: CounterFiles, group: string): MemoryPart => ({
  usageBytes: files.number(`${group}/memory.current`),
  limitBytes: limitIn(files.number(`${group}/memory.max`)),
  oomKills: files.keyed(`${group}/memory.events`, ['oom_kill']).oom_kill,
});

const NO_MEMORY: MemoryPart = { usageBytes: null, limitBytes: null, oomKills: null };

function memoryOf(files: CounterFiles, { version, memory }: Hierarchy, group: Group): MemoryPart {
  if (memory === null) return NO_MEMORY;
  const directory = `${memory}${group.path}`;
  if (version === 2) return memoryOfVersionTwo(files, directory);
  return memoryOfVersionOne(files, directory, group.identity.level === 'pod');
}

/**
 * Reads what is counted about a group that is being measured, whether it has a limit or not; null where it is gone. Files
 * are opened, read and closed: few groups are measured at a time, and these for some minutes.
 */
export function readGroup(
  group: Group,
  hierarchy: Hierarchy,
  buffer: Buffer,
  nowMs: () => number,
): GroupReading | null {
  const { path } = group;
  const inode = statSync(`${hierarchy.cpu}${path}`, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) return null;
  const files = new CounterFiles(buffer);
  const atMs = nowMs();
  const { limit, ...cpu } =
    hierarchy.version === 2
      ? cpuOfVersionTwo(files, `${hierarchy.cpu}${path}`)
      : cpuOfVersionOne(files, hierarchy, path);
  const memory = memoryOf(files, hierarchy, group);
  if (!files.isAnyRead) return null;
  return {
    inode,
    atMs,
    limits: { cpu: limit, memoryBytes: memory.limitBytes },
    counters: { ...cpu, oomKills: memory.oomKills },
    memoryUsageBytes: memory.usageBytes,
  };
}
