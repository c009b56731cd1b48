import type { TrafficSummary } from 'kernel-gossip-types';

/** Summaries whose shares moved by less, in points, are not worth a write of their own. */
const NEWS_POINTS = 5;
/** Nor are those whose latency moved by a smaller part of itself. */
const NEWS_PART = 0.25;
/** But neither may they grow old. */
const KEPT_MS = 5 * 60_000;

/**
 * Whether a summary is worth writing over the one that stands there. Replicas hold different parts of what was told: the
 * one that saw more is not written over by one that saw less, unless it is silent.
 */
export function isTrafficNews(next: TrafficSummary, standing: TrafficSummary | null): boolean {
  if (standing?.episode !== next.episode) return true;
  if (Date.parse(next.during.to) - Date.parse(standing.during.to) >= KEPT_MS) return true;
  if (next.during.requests < standing.during.requests) return false;
  return (
    next.source !== standing.source ||
    (standing.before === null && next.before !== null) ||
    movedBy(errorShare(next), errorShare(standing)) >= NEWS_POINTS ||
    movedBy(slowest(next), slowest(standing)) > NEWS_PART * slowest(standing)
  );
}

const movedBy = (one: number, other: number): number => Math.abs(one - other);

const errorShare = ({ during }: TrafficSummary): number => during.server_error_percent ?? 0;

/** The worst 99th percentile; 0 where there is none. */
const slowest = ({ latencies }: TrafficSummary): number => latencies[0]?.p99_ms ?? 0;
