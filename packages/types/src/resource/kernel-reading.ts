import type * as t from 'io-ts';
import {
  bytes,
  containerId,
  cores,
  count,
  optional,
  required,
  seconds,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';

/** What the kernel counted about one cgroup in one window. Null is not measured. */
export const KernelReading = struct('a kernel reading', {
  cgroup: optional(text(4096), 'Path of the cgroup that was read.'),
  container_id: optional(containerId, 'Id of the container; absent for the pod as a whole.'),
  measured_at: required(timestamp, "When the window ended, by the node's clock."),
  window_seconds: required(seconds, 'Length of the window. No limit changed within it.'),
  limit_cores: optional(
    cores,
    'CPU limit in force in the cgroup: quota / period. Absent where there is none.',
  ),
  usage_cores: optional(cores, 'CPU used, in cores.'),
  nr_periods: optional(count, 'CFS periods with activity.'),
  nr_throttled: optional(count, 'Periods in which the quota ran out.'),
  throttled_seconds: optional(seconds, 'Run time withheld, summed over CPUs.'),
  memory_limit_bytes: optional(bytes, 'Memory limit in force in the cgroup. Absent where there is none.'),
  memory_usage_bytes: optional(bytes, 'Memory in use at the end of the window.'),
  oom_kills: optional(count, 'Processes killed for want of memory.'),
});
export type KernelReading = t.TypeOf<typeof KernelReading>;

/** One container and the pod around it: a limit holds only where both cgroups have it. */
export const MeasuredPair = struct('readings of a container and its pod', {
  container: optional(KernelReading, "The container's own cgroup."),
  pod: optional(KernelReading, "The pod's cgroup."),
});
export type MeasuredPair = t.TypeOf<typeof MeasuredPair>;
