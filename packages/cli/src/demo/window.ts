import type { CpuCounters } from './cpu-group.ts';

/** What was counted between two readings. */
export interface MeasuredWindow {
  readonly seconds: number;
  readonly usedCores: number;
  readonly periods: number;
  readonly throttled: number;
  /** Null where no period was active: a share of nothing is no figure. */
  readonly throttledPercent: number | null;
  readonly withheldSeconds: number;
  readonly bursts: BurstFigures | null;
}

export interface BurstFigures {
  readonly count: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

/** Figures of the bursts that ended in a window; null where none did. */
export function burstFigures(latencies: readonly number[]): BurstFigures | null {
  const sorted = [...latencies].sort((a, b) => a - b);
  const medianMs = sorted[Math.floor(sorted.length / 2)];
  const worstMs = sorted.at(-1);
  return medianMs === undefined || worstMs === undefined ? null : { count: sorted.length, medianMs, worstMs };
}

export function windowBetween(
  before: CpuCounters,
  after: CpuCounters,
  latencies: readonly number[],
): MeasuredWindow {
  const seconds = (after.atMs - before.atMs) / 1000;
  const periods = after.periods - before.periods;
  const throttled = after.throttled - before.throttled;
  return {
    seconds,
    usedCores: (after.usageSeconds - before.usageSeconds) / seconds,
    periods,
    throttled,
    throttledPercent: periods === 0 ? null : (throttled / periods) * 100,
    withheldSeconds: after.withheldSeconds - before.withheldSeconds,
    bursts: burstFigures(latencies),
  };
}
