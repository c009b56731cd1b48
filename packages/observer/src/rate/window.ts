/** A CPU limit in force: so much run time in each period. */
export interface CpuLimit {
  readonly quotaUs: number;
  readonly periodUs: number;
}

/** A group's CPU bandwidth counters at one moment. Counters only grow while the group lives. */
export interface CpuReading {
  /** Tells a group from a later one of the same path, whose counters begin at 0 again. */
  readonly inode: number;
  /** Monotonic clock, in milliseconds. */
  readonly atMs: number;
  /** Periods in which the group had something to run under a quota. Idle periods do not count. */
  readonly nrPeriods: number;
  /** Periods in which the quota ran out. */
  readonly nrThrottled: number;
  /** Run time withheld, in microseconds, summed over CPUs: it may grow faster than the clock. */
  readonly throttledUs: number;
  /** CPU time used, in microseconds; null where it was not read. */
  readonly usageUs: number | null;
  /** Null where there is no quota. */
  readonly limit: CpuLimit | null;
}

/** What happened between two readings, or in several such spans one after the other. */
export interface CpuWindow {
  readonly seconds: number;
  readonly nrPeriods: number;
  readonly nrThrottled: number;
  readonly throttledSeconds: number;
  /** Null where the usage was not read at every end of the window. */
  readonly usageSeconds: number | null;
}

const US_PER_SECOND = 1_000_000;

const sameGroupLater = (before: CpuReading, after: CpuReading): boolean =>
  before.inode === after.inode && after.atMs > before.atMs;

/** A counter that fell was reset: what was counted in between is unknown, so there is no window. */
const countersGrew = (before: CpuReading, after: CpuReading): boolean =>
  after.nrPeriods >= before.nrPeriods &&
  after.nrThrottled >= before.nrThrottled &&
  after.throttledUs >= before.throttledUs;

const usageBetween = (before: CpuReading, after: CpuReading): number | null =>
  before.usageUs === null || after.usageUs === null || after.usageUs < before.usageUs
    ? null
    : (after.usageUs - before.usageUs) / US_PER_SECOND;

/** What happened between two readings; null where they are not of the same group, in order, without a reset. */
export function windowBetween(before: CpuReading, after: CpuReading): CpuWindow | null {
  if (!sameGroupLater(before, after) || !countersGrew(before, after)) return null;
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    nrPeriods: after.nrPeriods - before.nrPeriods,
    nrThrottled: after.nrThrottled - before.nrThrottled,
    throttledSeconds: (after.throttledUs - before.throttledUs) / US_PER_SECOND,
    usageSeconds: usageBetween(before, after),
  };
}

/** Two windows, one right after the other, as one. */
export function joinWindows(first: CpuWindow | null, second: CpuWindow): CpuWindow {
  if (first === null) return second;
  return {
    seconds: first.seconds + second.seconds,
    nrPeriods: first.nrPeriods + second.nrPeriods,
    nrThrottled: first.nrThrottled + second.nrThrottled,
    throttledSeconds: first.throttledSeconds + second.throttledSeconds,
    usageSeconds:
      first.usageSeconds === null || second.usageSeconds === null
        ? null
        : first.usageSeconds + second.usageSeconds,
  };
}

/**
 * Share of the active periods in which the quota ran out, 0..100; 0 where no period was active, since then none was
 * throttled. The kernel writes both counters without a lock between them and us, so that one throttled period may show
 * before the period itself does: never more than 100.
 */
export const throttledPercent = ({ nrPeriods, nrThrottled }: CpuWindow): number =>
  nrPeriods === 0 ? 0 : Math.min(100, (100 * nrThrottled) / nrPeriods);

/** Cores that a limit allows. */
export const coresOf = ({ quotaUs, periodUs }: CpuLimit): number => quotaUs / periodUs;

export const sameLimit = (one: CpuLimit | null, other: CpuLimit | null): boolean =>
  one?.quotaUs === other?.quotaUs && one?.periodUs === other?.periodUs;
