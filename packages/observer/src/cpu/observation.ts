import type { CpuThrottle } from 'kernel-gossip-types';
import type { Report } from '../detect/detector.ts';
import { rounded } from '../rate/rounded.ts';
import { coresOf, throttledPercent } from '../rate/window.ts';
import type { Sender } from '../sender.ts';
import type { Subject } from '../identify/subject.ts';
import type { Portrait } from './portrait.ts';

/**
 * A `cpu_throttle` observation as this observer sends it. In a cluster it names pods by UID and never by name, which only
 * the operator knows; and it never says `reported_cpu_usage`, which is the metrics' word.
 */
export type CpuThrottleMessage = Pick<
  CpuThrottle,
  | 'type'
  | 'cgroup'
  | 'timestamp'
  | 'period_seconds'
  | 'throttle_percentage'
  | 'actual_cpu_usage'
  | 'limit_cores'
  | 'nr_periods'
  | 'nr_throttled'
  | 'throttled_seconds'
  | 'source'
  | 'provenance'
  | 'ended'
> &
  Portrait &
  Subject & { readonly node_name?: string };

/** Puts a report about the group at `path` into the words of the wire. */
export function toMessage(
  report: Report,
  subject: Subject,
  path: string,
  sender: Sender,
): CpuThrottleMessage {
  const { window, limit } = report;
  return {
    type: 'cpu_throttle',
    ...subject,
    ...(sender.nodeName === null ? {} : { node_name: sender.nodeName }),
    cgroup: path,
    timestamp: new Date(report.endMs).toISOString(),
    period_seconds: rounded(window.seconds),
    throttle_percentage: rounded(throttledPercent(window)),
    actual_cpu_usage: window.usageSeconds === null ? null : rounded(window.usageSeconds / window.seconds),
    limit_cores: limit === null ? null : rounded(coresOf(limit)),
    nr_periods: window.nrPeriods,
    nr_throttled: window.nrThrottled,
    throttled_seconds: rounded(window.throttledSeconds),
    source: sender.source,
    provenance: 'measured',
    ended: report.kind === 'ended',
  };
}
