import type * as t from 'io-ts';
import { bytes, cores, count, oneOf, optional, required, seconds, struct } from '../codec/index.ts';
import { subjectChecks, subjectFields } from './common.ts';

/**
 * What the kernel counted about one cgroup in one window in which no limit changed. Sent while the operator asks for it
 * (`WatchList`), whether anything is wrong or not: it opens no whisper, and proves whether a remedy helped.
 */
export const ResourceMeasurement = struct(
  'a resource_measurement observation',
  {
    type: required(oneOf('resource_measurement'), 'Kind of the observation.'),
    ...subjectFields,
    period_seconds: required(seconds, 'Length of the window that the figures cover.'),
    limit_cores: optional(cores, 'CPU limit in force: quota / period. Absent where there is none.'),
    actual_cpu_usage: optional(cores, 'CPU used in the window, in cores.'),
    nr_periods: optional(count, 'CFS periods with activity in the window.'),
    nr_throttled: optional(count, 'Periods of the window in which the quota ran out.'),
    throttled_seconds: optional(seconds, 'Run time withheld in the window, summed over CPUs.'),
    memory_limit_bytes: optional(bytes, 'Memory limit in force. Absent where there is none.'),
    memory_usage_bytes: optional(bytes, 'Memory in use at the end of the window.'),
    oom_kills: optional(count, 'Processes killed for want of memory in the window.'),
  },
  { checks: subjectChecks },
);
export type ResourceMeasurement = t.TypeOf<typeof ResourceMeasurement>;
