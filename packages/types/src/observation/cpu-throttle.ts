import type * as t from 'io-ts';
import { cores, count, optional, oneOf, percent, required, seconds, struct, text } from '../codec/index.ts';
import { ongoingFields, subjectChecks, subjectFields } from './common.ts';

/** The kernel held a container back: its CFS quota ran out. */
export const CpuThrottle = struct(
  'a cpu_throttle observation',
  {
    type: required(oneOf('cpu_throttle'), 'Kind of the observation.'),
    ...subjectFields,
    ...ongoingFields,
    throttle_percentage: required(
      percent,
      'Share of the CFS periods in which the container was held back (nr_throttled / nr_periods).',
    ),
    actual_cpu_usage: optional(cores, "CPU used in the window by the kernel's own count, in cores."),
    reported_cpu_usage: optional(cores, 'CPU usage that the metrics claimed at the same time, in cores.'),
    limit_cores: optional(cores, 'CPU limit in force: quota / period.'),
    nr_periods: optional(count, 'CFS periods with activity in the window.'),
    nr_throttled: optional(count, 'Periods of the window in which the quota ran out.'),
    throttled_seconds: optional(
      seconds,
      'Run time withheld in the window, summed over CPUs: it may exceed the window.',
    ),
    threads: optional(count, 'Threads in the container at the end of the window.'),
    runnable_threads: optional(count, 'Threads that ran or waited for a CPU at the end of the window.'),
    runtime: optional(
      text(31),
      'What the main process is by its own threads, such as jvm, go, node, openmp.',
    ),
    cpu_pressure_percentage: optional(
      percent,
      'Share of the window in which some task waited for a CPU (PSI cpu.some), throttling included.',
    ),
    age_seconds: optional(seconds, 'How long the container had been there when the window ended.'),
  },
  { checks: subjectChecks },
);
export type CpuThrottle = t.TypeOf<typeof CpuThrottle>;
