import { sameLimit, type CpuLimit } from '../rate/window.ts';

/** What a group may have at most; null where there is no limit. */
export interface Limits {
  readonly cpu: CpuLimit | null;
  readonly memoryBytes: number | null;
}

/** What the kernel counts from the group's birth on; null where it does not, or it could not be read. */
export interface Counters {
  readonly usageUs: number | null;
  readonly nrPeriods: number | null;
  readonly nrThrottled: number | null;
  /** Summed over CPUs. */
  readonly throttledUs: number | null;
  readonly oomKills: number | null;
}

/** What the files of one group said at one moment. */
export interface GroupReading {
  /** Tells a group from a later one of the same path. */
  readonly inode: number;
  /** Monotonic clock, in milliseconds. */
  readonly atMs: number;
  readonly limits: Limits;
  readonly counters: Counters;
  readonly memoryUsageBytes: number | null;
}

/** What happened in one group between two readings. */
export interface MeasuredWindow {
  readonly seconds: number;
  /** In force during the whole window. */
  readonly limits: Limits;
  readonly counted: Counters;
  /** At its end. */
  readonly memoryUsageBytes: number | null;
}

const COUNTERS = ['usageUs', 'nrPeriods', 'nrThrottled', 'throttledUs', 'oomKills'] as const;

export const sameLimits = (one: Limits, other: Limits): boolean =>
  sameLimit(one.cpu, other.cpu) && one.memoryBytes === other.memoryBytes;

const grown = (before: number | null, after: number | null): number | null =>
  before === null || after === null ? null : after - before;

/** What happened between two readings; null where they are not of the same group, in order, under the same limits, without a reset. */
export function windowBetween(before: GroupReading, after: GroupReading): MeasuredWindow | null {
  const isSame = before.inode === after.inode && after.atMs > before.atMs;
  if (!isSame || !sameLimits(before.limits, after.limits)) return null;
  const counted: Counters = {
    usageUs: grown(before.counters.usageUs, after.counters.usageUs),
    nrPeriods: grown(before.counters.nrPeriods, after.counters.nrPeriods),
    nrThrottled: grown(before.counters.nrThrottled, after.counters.nrThrottled),
    throttledUs: grown(before.counters.throttledUs, after.counters.throttledUs),
    oomKills: grown(before.counters.oomKills, after.counters.oomKills),
  };
  if (COUNTERS.some((name) => (counted[name] ?? 0) < 0)) return null;
  const { limits, memoryUsageBytes } = after;
  return { seconds: (after.atMs - before.atMs) / 1000, limits, counted, memoryUsageBytes };
}
