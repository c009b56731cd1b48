import type * as t from 'io-ts';
import {
  count,
  list,
  milliseconds,
  optional,
  percent,
  required,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';
import { httpMethod, LONGEST_TEMPLATE, provenance } from '../observation/index.ts';

/** What a pod answered in some windows. */
export const TrafficSpan = struct('what was answered in a time', {
  from: required(timestamp, "When the first window began, by the source's clock."),
  to: required(timestamp, "When the last window ended, by the source's clock."),
  requests: required(count, 'Requests answered in these windows.'),
  server_errors: optional(count, 'Answers with a status of 500 or more; absent where no status was seen.'),
  server_error_percent: optional(percent, 'Their share of the answers whose status was seen.'),
});
export type TrafficSpan = t.TypeOf<typeof TrafficSpan>;

/** How long one kind of request took. Percentiles of windows are never put together: the worst window speaks. */
export const TrafficLatency = struct('the latency of a kind of request', {
  method: required(httpMethod, 'Method of the request.'),
  path: required(text(LONGEST_TEMPLATE), 'Template of its path.'),
  requests: required(count, 'How many of it were answered during the episode.'),
  p99_ms: optional(milliseconds, '99th percentile in the worst window during the episode.'),
  p99_at: optional(timestamp, 'When that window ended.'),
  before_p99_ms: optional(milliseconds, '99th percentile in the worst window before the episode.'),
  before_p99_at: optional(timestamp, 'When that window ended.'),
});
export type TrafficLatency = t.TypeOf<typeof TrafficLatency>;

/** What a pod's traffic was while it was throttled and before. It coincides; that is no proof of cause. */
export const TrafficSummary = struct('a summary of traffic', {
  episode: required(timestamp, 'detected_at of the episode that it speaks of.'),
  source: required(text(63), 'Who saw the requests.'),
  provenance: required(provenance, 'Measured, synthetic or replayed.'),
  during: required(TrafficSpan, 'In windows that overlap with the episode; of the last 30 minutes at most.'),
  before: optional(TrafficSpan, 'In windows that ended before the episode.'),
  latencies: required(list(TrafficLatency, { maxItems: 4 }), 'Of the requests answered most, slowest first.'),
});
export type TrafficSummary = t.TypeOf<typeof TrafficSummary>;
