import type * as t from 'io-ts';
import { bytes, count, oneOf, optional, percent, required, struct } from '../codec/index.ts';
import { ongoingFields, subjectChecks, subjectFields } from './common.ts';

/** A container is short of memory: near its limit, stalled on reclaim, or a process of it was killed. */
export const MemoryPressure = struct(
  'a memory_pressure observation',
  {
    type: required(oneOf('memory_pressure'), 'Kind of the observation.'),
    ...subjectFields,
    ...ongoingFields,
    memory_usage_percentage: optional(
      percent,
      'Memory in use as a share of the limit. Needed unless stalled_percentage or oom_kills is given: without a limit there is none.',
    ),
    memory_usage_bytes: optional(bytes, "Memory in use by the kernel's own count."),
    memory_limit_bytes: optional(bytes, 'Memory limit in force.'),
    reported_memory_bytes: optional(bytes, 'Memory usage that the metrics claimed at the same time.'),
    stalled_percentage: optional(
      percent,
      'Share of the window in which some task waited for memory (PSI memory.some).',
    ),
    oom_kills: optional(count, 'Processes of the container killed for want of memory in the window.'),
  },
  {
    checks: [
      ...subjectChecks,
      {
        path: 'memory_usage_percentage',
        expected: 'a percentage 0..100 (or stalled_percentage or oom_kills instead)',
        holds: ({ memory_usage_percentage, stalled_percentage, oom_kills }) =>
          memory_usage_percentage !== null || stalled_percentage !== null || oom_kills !== null,
      },
    ],
  },
);
export type MemoryPressure = t.TypeOf<typeof MemoryPressure>;
