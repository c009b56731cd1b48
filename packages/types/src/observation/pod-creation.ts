import type * as t from 'io-ts';
import { count, list, milliseconds, oneOf, optional, required, struct, text } from '../codec/index.ts';
import { subjectChecks, subjectFields } from './common.ts';
import { Timeline } from './timeline.ts';

/** What the kernel did for a pod to be born. */
export const PodCreation = struct(
  'a pod_creation observation',
  {
    type: required(oneOf('pod_creation'), 'Kind of the observation.'),
    ...subjectFields,
    syscalls: optional(list(text(64), { maxItems: 512 }), 'Names of the system calls that were made.'),
    total_syscalls: optional(count, 'System calls made by the processes of the birth.'),
    duration_ms: optional(milliseconds, 'From the beginning of the birth to its end.'),
    namespaces_created: optional(count, 'Kernel namespaces made for the pod.'),
    cgroup_writes: optional(count, 'Writes to files of cgroups.'),
    iptables_rules: optional(count, 'Packet filter rules added for the pod.'),
    timeline: optional(Timeline, 'What happened, step by step.'),
  },
  { checks: subjectChecks },
);
export type PodCreation = t.TypeOf<typeof PodCreation>;
