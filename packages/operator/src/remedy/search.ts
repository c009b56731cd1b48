import type { KernelReading, RemedySearch } from 'kernel-gossip-types';
import type { LimitSearch } from '../assess/limit-search.ts';
import type { LimitReading } from '../assess/needed-limit.ts';

/** The search as it is kept on the object. */
export const storedSearch = (search: LimitSearch): RemedySearch => ({
  original_cores: search.originalCores,
  raises: search.raises,
  trims: search.trims,
  highest_throttled_cores: search.highestThrottledCores,
  lowest_calm_cores: search.lowestCalmCores,
  widest_cores: search.widestCores,
  unsure_cores: search.unsureCores,
});

export const searchFrom = (stored: RemedySearch): LimitSearch => ({
  originalCores: stored.original_cores,
  raises: stored.raises,
  trims: stored.trims,
  highestThrottledCores: stored.highest_throttled_cores,
  lowestCalmCores: stored.lowest_calm_cores,
  widestCores: stored.widest_cores,
  unsureCores: stored.unsure_cores,
});

type Counted = Pick<
  KernelReading,
  'limit_cores' | 'usage_cores' | 'nr_periods' | 'nr_throttled' | 'throttled_seconds' | 'window_seconds'
>;

/** Null where something that the search needs was not measured. */
export function limitReadingOf(counted: Counted): LimitReading | null {
  const { limit_cores, usage_cores, nr_periods, nr_throttled, throttled_seconds, window_seconds } = counted;
  if (limit_cores === null || nr_periods === null || nr_throttled === null || throttled_seconds === null)
    return null;
  return {
    limitCores: limit_cores,
    usageCores: usage_cores,
    nrPeriods: nr_periods,
    nrThrottled: nr_throttled,
    throttledSeconds: throttled_seconds,
    windowSeconds: window_seconds,
  };
}
