import type { MemoryPressure } from 'kernel-gossip-types';
import type { Sender } from '../sender.ts';
import type { Subject } from '../identify/subject.ts';
import type { MemoryReport } from './detector.ts';
import { stalledPercent, usedPercent } from '../rate/memory-window.ts';
import { rounded } from '../rate/rounded.ts';

/** A `memory_pressure` observation as this observer sends it. */
export type MemoryPressureMessage = Pick<
  MemoryPressure,
  | 'type'
  | 'cgroup'
  | 'timestamp'
  | 'period_seconds'
  | 'memory_usage_percentage'
  | 'memory_usage_bytes'
  | 'memory_limit_bytes'
  | 'stalled_percentage'
  | 'oom_kills'
  | 'source'
  | 'provenance'
  | 'ended'
> &
  Subject & { readonly node_name?: string };

/** Puts a report about the group at `path` into the words of the wire. A group without a limit has no share of it in use. */
export function toMemoryMessage(
  { kind, window, endMs }: MemoryReport,
  subject: Subject,
  path: string,
  sender: Sender,
): MemoryPressureMessage {
  const { highest, stall } = window;
  const percent = usedPercent(highest);
  return {
    type: 'memory_pressure',
    ...subject,
    ...(sender.nodeName === null ? {} : { node_name: sender.nodeName }),
    cgroup: path,
    timestamp: new Date(endMs).toISOString(),
    period_seconds: rounded(window.seconds),
    memory_usage_percentage: percent === null ? null : rounded(percent),
    memory_usage_bytes: highest.usageBytes,
    memory_limit_bytes: highest.limitBytes,
    stalled_percentage: stall === null ? null : rounded(stalledPercent(stall)),
    oom_kills: window.oomKills,
    source: sender.source,
    provenance: 'measured',
    ended: kind === 'ended',
  };
}
