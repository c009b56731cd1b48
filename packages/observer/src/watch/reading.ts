import type { Level, Manager } from '../identify/identify.ts';

/** Time in which tasks waited since the group was made, in seconds; null where the kernel does not say. */
export interface PressureTotals {
  readonly someSeconds: number | null;
  readonly fullSeconds: number | null;
}

/** CPU time since the group was made, and what bounds it. */
export interface CpuCounters {
  readonly usageSeconds: number | null;
  /** Periods with something to run under a quota, and those in which it ran out. */
  readonly nrPeriods: number | null;
  readonly nrThrottled: number | null;
  /** Run time withheld, summed over CPUs. */
  readonly throttledSeconds: number | null;
  /** Null, like period and burst, where there is no quota. */
  readonly quotaUs: number | null;
  readonly periodUs: number | null;
  /** Run time that may be saved up beyond the quota; null also where the kernel has no bursts (before 5.14). */
  readonly burstUs: number | null;
  /** Periods in which saved run time was used (`nr_bursts`). */
  readonly nrBursts: number | null;
  /** Version 1's `cpu.shares` (1024 is usual), null in version 2. */
  readonly shares: number | null;
  /** Version 2's `cpu.weight` (100 is usual), null in version 1. */
  readonly weight: number | null;
  readonly pressure: PressureTotals;
}

/** Memory now, and what happened for want of it since the group was made. */
export interface MemoryCounters {
  readonly usageBytes: number | null;
  /** The usage without the file pages that nobody used lately. */
  readonly workingSetBytes: number | null;
  /** Null where there is no limit. */
  readonly limitBytes: number | null;
  /** Processes killed; in version 2 with those of groups below. */
  readonly oomKills: number | null;
  /** How often usage met the limit: `memory.failcnt`, or `max` of `memory.events`. */
  readonly limitHits: number | null;
  /** How often usage went above `memory.high`; null in version 1. */
  readonly highHits: number | null;
  readonly pressure: PressureTotals;
}

/** Everything that is counted about one pod, container or other group, as read at one moment. */
export interface ContainerReading {
  /** Path below the hierarchy. */
  readonly path: string;
  readonly level: Level;
  readonly manager: Manager;
  readonly podUid: string | null;
  readonly containerId: string | null;
  /** Unix time in milliseconds. */
  readonly readAtMs: number;
  readonly cpu: CpuCounters;
  readonly memory: MemoryCounters;
  readonly ioPressure: PressureTotals;
  /** Tasks now, and how many there may be; null where it is not read, or without a maximum. */
  readonly pids: { readonly current: number | null; readonly max: number | null };
}

/** The part of a reading that comes from files. */
export type Counters = Pick<ContainerReading, 'cpu' | 'memory' | 'ioPressure' | 'pids'>;

/** What a version without pressure says of it. */
export const NO_PRESSURE: PressureTotals = { someSeconds: null, fullSeconds: null };

/** A count in other units; null stays null. */
export const over = (value: number | null, units: number): number | null => value && value / units;

/** A quota is more than nothing. */
export const positive = (value: number | null): number | null => (value !== null && value > 0 ? value : null);

/** The usage without the file pages that nobody used lately, where both are known. */
export const workingSet = (usage: number | null, inactive: number | null): number | null =>
  usage === null || inactive === null ? null : Math.max(0, usage - inactive);
