/** What the kernel counted about a container in one window under one limit. */
export interface LimitReading {
  /** The limit in force: quota / period. */
  readonly limitCores: number;
  /** CPU used, in cores; null where it was not measured. */
  readonly usageCores: number | null;
  /** Periods with activity, and those of them in which the quota ran out. */
  readonly nrPeriods: number;
  readonly nrThrottled: number;
  /** Run time withheld, summed over CPUs. */
  readonly throttledSeconds: number;
  readonly windowSeconds: number;
}

/** Kubelet's quotas are at least 1 ms in 100 ms: limits are whole multiples of this. */
const STEP_CORES = 0.01;
const STEPS_PER_CORE = 100;
/** The length of a CFS period as kubelet sets it (cpuCFSQuotaPeriod). */
export const PERIOD_SECONDS = 0.1;

/** Fewer periods than this cannot tell 5 % from none. */
export const FEWEST_PERIODS = 20;
/** Quota that was left over in hardly any period: the counters cannot tell demand from backlog. */
const SATURATED_PERCENT = 95;

/** What is given above what seems to be needed. */
export const HEADROOM = 1.1;
const LEAST_FACTOR = 1.25;
/** The first raise may double the limit. One that did not help has shown that the demand lies far above. */
const FIRST_FACTOR = 2;
const LATER_FACTOR = 4;

/** A product of floating-point numbers may lie a hair beside a whole step; that must not cost another one. */
const HAIR = 1e-6;

/** The next multiple of 10m that is not less. */
export const roundedUp = (cores: number): number => Math.ceil(cores / STEP_CORES - HAIR) / STEPS_PER_CORE;

/** The next multiple of 10m that is not more. */
export const roundedDown = (cores: number): number => Math.floor(cores / STEP_CORES + HAIR) / STEPS_PER_CORE;

/** Share of the active periods in which the quota ran out, 0..100. */
export const throttledPercentOf = ({ nrPeriods, nrThrottled }: LimitReading): number =>
  nrPeriods <= 0 ? 0 : Math.min(100, (100 * nrThrottled) / nrPeriods);

export const isSaturated = (reading: LimitReading): boolean =>
  throttledPercentOf(reading) >= SATURATED_PERCENT;

/**
 * Cores on which it would have run at the same time, had the quota not run out: the limit, and what was withheld in
 * the mean throttled period. While it is throttled in every period this is an upper bound of what it needs, since
 * backlog counts too.
 */
export const widthCoresOf = ({
  limitCores,
  nrThrottled,
  throttledSeconds,
}: Pick<LimitReading, 'limitCores' | 'nrThrottled' | 'throttledSeconds'>): number =>
  limitCores + (nrThrottled <= 0 ? 0 : throttledSeconds / nrThrottled / PERIOD_SECONDS);

/** The limit to try next for a container that is throttled, in cores; `raises` were made before this one. */
export function neededLimit(reading: LimitReading, raises: number): number {
  const { limitCores } = reading;
  const most = limitCores * (raises === 0 ? FIRST_FACTOR : LATER_FACTOR);
  const wanted = Math.max(HEADROOM * widthCoresOf(reading), LEAST_FACTOR * limitCores);
  return roundedUp(Math.min(most, wanted));
}
