import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import type { CounterFiles } from '../sample/counter-files.ts';
import { limitIn } from '../sample/memory-files.ts';
import {
  over,
  positive,
  workingSet,
  type Counters,
  type CpuCounters,
  type MemoryCounters,
} from './reading.ts';

const US_PER_SECOND = 1e6;
const CPU_KEYS = ['usage_usec', 'nr_periods', 'nr_throttled', 'throttled_usec', 'nr_bursts'] as const;

function cpuOf(files: CounterFiles, group: string): CpuCounters {
  const stat = files.keyed(`${group}/cpu.stat`, CPU_KEYS);
  const [quota, period] = files.pair(`${group}/cpu.max`);
  const quotaUs = positive(quota);
  return {
    usageSeconds: over(stat.usage_usec, US_PER_SECOND),
    nrPeriods: stat.nr_periods,
    nrThrottled: stat.nr_throttled,
    throttledSeconds: over(stat.throttled_usec, US_PER_SECOND),
    quotaUs,
    periodUs: quotaUs && period,
    burstUs: quotaUs && files.number(`${group}/cpu.max.burst`),
    nrBursts: stat.nr_bursts,
    shares: null,
    weight: files.number(`${group}/cpu.weight`),
    pressure: files.pressure(`${group}/cpu.pressure`),
  };
}

function memoryOf(files: CounterFiles, group: string): MemoryCounters {
  const usageBytes = files.number(`${group}/memory.current`);
  const stat = files.keyed(`${group}/memory.stat`, ['inactive_file']);
  const events = files.keyed(`${group}/memory.events`, ['oom_kill', 'max', 'high']);
  return {
    usageBytes,
    workingSetBytes: workingSet(usageBytes, stat.inactive_file),
    limitBytes: limitIn(files.number(`${group}/memory.max`)),
    oomKills: events.oom_kill,
    limitHits: events.max,
    highHits: events.high,
    pressure: files.pressure(`${group}/memory.pressure`),
  };
}

/** Reads what version 2 counts about the group at `path`. */
export function readVersionTwo(files: CounterFiles, { cpu: root }: Hierarchy, path: string): Counters {
  const group = `${root}${path}`;
  return {
    cpu: cpuOf(files, group),
    memory: memoryOf(files, group),
    ioPressure: files.pressure(`${group}/io.pressure`),
    pids: { current: files.number(`${group}/pids.current`), max: files.number(`${group}/pids.max`) },
  };
}
