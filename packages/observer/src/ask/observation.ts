import type { ResourceMeasurement } from 'kernel-gossip-types';
import type { Subject } from '../identify/subject.ts';
import { rounded } from '../rate/rounded.ts';
import { coresOf } from '../rate/window.ts';
import type { Sender } from '../sender.ts';
import type { MeasuredWindow } from './group-reading.ts';

/** A `resource_measurement` observation as this observer sends it. */
export type ResourceMeasurementMessage = Pick<
  ResourceMeasurement,
  | 'type'
  | 'cgroup'
  | 'timestamp'
  | 'period_seconds'
  | 'limit_cores'
  | 'actual_cpu_usage'
  | 'nr_periods'
  | 'nr_throttled'
  | 'throttled_seconds'
  | 'memory_limit_bytes'
  | 'memory_usage_bytes'
  | 'oom_kills'
  | 'source'
  | 'provenance'
> &
  Subject & { readonly node_name?: string };

const US_PER_SECOND = 1e6;

/** Puts a window of the group at `path` into the words of the wire. Without a quota there are no periods to count. */
export function toMeasurementMessage(
  { seconds, limits, counted, memoryUsageBytes }: MeasuredWindow,
  subject: Subject,
  { path, endMs }: { readonly path: string; readonly endMs: number },
  sender: Sender,
): ResourceMeasurementMessage {
  const { cpu } = limits;
  const { usageUs, nrPeriods, nrThrottled, throttledUs, oomKills } = counted;
  const isUnderQuota = cpu !== null;
  return {
    type: 'resource_measurement',
    ...subject,
    ...(sender.nodeName === null ? {} : { node_name: sender.nodeName }),
    cgroup: path,
    timestamp: new Date(endMs).toISOString(),
    period_seconds: rounded(seconds),
    limit_cores: isUnderQuota ? rounded(coresOf(cpu)) : null,
    actual_cpu_usage: usageUs === null ? null : rounded(usageUs / US_PER_SECOND / seconds),
    nr_periods: isUnderQuota ? nrPeriods : null,
    nr_throttled: isUnderQuota ? nrThrottled : null,
    throttled_seconds: isUnderQuota && throttledUs !== null ? rounded(throttledUs / US_PER_SECOND) : null,
    memory_limit_bytes: limits.memoryBytes,
    memory_usage_bytes: memoryUsageBytes,
    oom_kills: oomKills,
    source: sender.source,
    provenance: 'measured',
  };
}
