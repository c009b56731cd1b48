import type { LimitReading } from './needed-limit.ts';

/** What a source counted, of which anything may be missing. */
interface Counted {
  readonly limit_cores: number | null;
  readonly usage_cores: number | null;
  readonly nr_periods: number | null;
  readonly nr_throttled: number | null;
  readonly throttled_seconds: number | null;
  readonly window_seconds: number | null;
}

/** Null where something that a limit is judged by was not measured. */
export function limitReadingOf(counted: Counted): LimitReading | null {
  const { limit_cores, usage_cores, nr_periods, nr_throttled, throttled_seconds, window_seconds } = counted;
  if (limit_cores === null || nr_periods === null || nr_throttled === null) return null;
  if (throttled_seconds === null || window_seconds === null) return null;
  return {
    limitCores: limit_cores,
    usageCores: usage_cores,
    nrPeriods: nr_periods,
    nrThrottled: nr_throttled,
    throttledSeconds: throttled_seconds,
    windowSeconds: window_seconds,
  };
}
