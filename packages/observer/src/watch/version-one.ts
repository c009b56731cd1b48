import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import type { CounterFiles } from '../sample/counter-files.ts';
import { limitIn } from '../sample/memory-files.ts';
import {
  NO_PRESSURE,
  over,
  positive,
  workingSet,
  type Counters,
  type CpuCounters,
  type MemoryCounters,
} from './reading.ts';

const NS_PER_SECOND = 1e9;

/** The path of a file, where its controller is mounted. */
const fileIn = (root: string | null, path: string, name: string): string | null =>
  root === null ? null : `${root}${path}/${name}`;

function cpuOf(files: CounterFiles, { cpu, usage }: Hierarchy, path: string): CpuCounters {
  const at = (name: string): string => `${cpu}${path}/${name}`;
  const stat = files.keyed(at('cpu.stat'), ['nr_periods', 'nr_throttled', 'throttled_time', 'nr_bursts']);
  const quotaUs = positive(files.number(at('cpu.cfs_quota_us')));
  return {
    usageSeconds: over(files.number(fileIn(usage, path, 'cpuacct.usage')), NS_PER_SECOND),
    nrPeriods: stat.nr_periods,
    nrThrottled: stat.nr_throttled,
    throttledSeconds: over(stat.throttled_time, NS_PER_SECOND),
    quotaUs,
    periodUs: quotaUs && files.number(at('cpu.cfs_period_us')),
    burstUs: quotaUs && files.number(at('cpu.cfs_burst_us')),
    nrBursts: stat.nr_bursts,
    shares: files.number(at('cpu.shares')),
    weight: null,
    pressure: NO_PRESSURE,
  };
}

function memoryOf(files: CounterFiles, { memory }: Hierarchy, path: string): MemoryCounters {
  const at = (name: string): string | null => fileIn(memory, path, name);
  const usageBytes = files.number(at('memory.usage_in_bytes'));
  const stat = files.keyed(at('memory.stat'), ['total_inactive_file']);
  const control = files.keyed(at('memory.oom_control'), ['oom_kill']);
  return {
    usageBytes,
    workingSetBytes: workingSet(usageBytes, stat.total_inactive_file),
    limitBytes: limitIn(files.number(at('memory.limit_in_bytes'))),
    oomKills: control.oom_kill,
    limitHits: files.number(at('memory.failcnt')),
    highHits: null,
    pressure: NO_PRESSURE,
  };
}

/** Reads what version 1 counts about the group at `path`. */
export const readVersionOne = (files: CounterFiles, hierarchy: Hierarchy, path: string): Counters => ({
  cpu: cpuOf(files, hierarchy, path),
  memory: memoryOf(files, hierarchy, path),
  ioPressure: NO_PRESSURE,
  pids: {
    current: files.number(fileIn(hierarchy.pids, path, 'pids.current')),
    max: files.number(fileIn(hierarchy.pids, path, 'pids.max')),
  },
});
