import type * as t from 'io-ts';
import {
  count,
  list,
  milliseconds,
  oneOf,
  optional,
  required,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';
import { subjectChecks, subjectFields } from './common.ts';
import { ContainerBirths } from './container-birth.ts';
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
    began_at: optional(timestamp, "When the birth began, by the source's clock: 0 of the timeline."),
    cgroups_created: optional(count, 'Cgroups made for the pod, in all hierarchies.'),
    mounts: optional(count, 'Calls that mount or move a mount.'),
    network_links: optional(count, 'Messages that make or change a network interface (RTM_NEWLINK).'),
    network_routes: optional(count, 'Messages that add a route (RTM_NEWROUTE).'),
    containers: optional(
      ContainerBirths,
      'The births of its containers so far. A later observation of the same pod holds those of the earlier ones.',
    ),
    lost_events: optional(count, 'Events about births that the source lost while this one lasted.'),
    incomplete: optional(text(256), 'Why figures are missing; absent where none is.'),
  },
  { checks: subjectChecks },
);
export type PodCreation = t.TypeOf<typeof PodCreation>;
