import type * as t from 'io-ts';
import {
  count,
  defaulted,
  dnsLabel,
  dnsSubdomain,
  list,
  milliseconds,
  oneOf,
  optional,
  percent,
  podUid,
  required,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';
import {
  actor,
  ContainerBirths,
  namespaceKind,
  provenance,
  SyscallCounts,
  Timeline,
} from '../observation/index.ts';
import { apiVersion, Conditions, ObjectMeta } from './metadata.ts';
import { WhisperSource } from './kernel-whisper.ts';

export const KernelStats = struct('kernel statistics', {
  total_syscalls: optional(
    count,
    'System calls made by the processes of the birth; absent where not measured.',
  ),
  namespaces_created: optional(count, 'Kernel namespaces made; absent where not measured.'),
  cgroup_writes: optional(count, 'Writes to files of cgroups; absent where not measured.'),
  iptables_rules: optional(count, 'Packet filter rules added; absent where not measured.'),
  total_duration_ms: optional(milliseconds, 'From beginning to end of the birth; absent where not measured.'),
  syscalls: optional(list(text(64), { maxItems: 512 }), 'Names of the system calls that were made.'),
  syscall_counts: optional(SyscallCounts, 'The system calls made most often.'),
  namespaces: optional(
    list(namespaceKind, { maxItems: 512 }),
    'Kinds of the namespaces made, one for each; absent where not measured.',
  ),
  cgroups_created: optional(count, 'Cgroups made, in all hierarchies; absent where not measured.'),
  mounts: optional(count, 'Calls that mount or move a mount; absent where not measured.'),
  network_links: optional(
    count,
    'Messages that make or change a network interface; absent where not measured.',
  ),
  network_routes: optional(count, 'Messages that add a route; absent where not measured.'),
  lost_events: optional(
    count,
    'Events about births that the source lost meanwhile; absent where not measured.',
  ),
});
export type KernelStats = t.TypeOf<typeof KernelStats>;

export const PodBirthCertificateSpec = struct(
  'a birth certificate spec',
  {
    pod_name: required(dnsSubdomain, 'Name of the pod.'),
    namespace: required(dnsLabel, "The pod's namespace."),
    pod_uid: optional(podUid, 'UID of the pod.'),
    recorded_at: required(timestamp, "When the birth was seen, by the source's clock."),
    provenance: defaulted(provenance, 'measured', 'Measured, synthetic or replayed.'),
    source: optional(WhisperSource, 'Who saw it, and where.'),
    timeline: optional(Timeline, 'What happened, step by step; absent where not measured.'),
    kernel_stats: required(
      KernelStats,
      'What the kernel counted for the birth as a whole: its sandbox and every container but restarts and ephemeral ones.',
    ),
    began_at: optional(timestamp, 'When the birth began: 0 of the timeline.'),
    kernel_began_at: optional(
      timestamp,
      'When the first process of the birth was executed, by the node; absent where not measured.',
    ),
    containers: optional(
      ContainerBirths,
      'What the kernel counted for each container; absent where not measured.',
    ),
    incomplete: optional(text(256), 'Why figures are missing; absent where none is.'),
  },
  {
    description: 'What was observed.',
    rules: [
      {
        // `namespace` is a reserved word of CEL, which a schema's field of that name is escaped from.
        rule: 'self.pod_name == oldSelf.pod_name && self.__namespace__ == oldSelf.__namespace__',
        message: 'a birth certificate stays with its pod: make another one instead',
      },
    ],
  },
);
export type PodBirthCertificateSpec = t.TypeOf<typeof PodBirthCertificateSpec>;

export const SlowestPhase = struct('the slowest phase', {
  actor: required(actor, 'Who took the time.'),
  action: required(text(256), 'What was done.'),
  duration_ms: required(milliseconds, 'How long it took.'),
  resolution_ms: optional(
    milliseconds,
    'How far the length may be off, either way; absent where the clock is fine enough.',
  ),
  share_percent: optional(
    percent,
    'Share of the whole birth; absent where the two were not measured by one clock.',
  ),
});
export type SlowestPhase = t.TypeOf<typeof SlowestPhase>;

export const PodBirthCertificateStatus = struct(
  'a birth certificate status',
  {
    slowest_phase: optional(
      SlowestPhase,
      'Where most of the time went; absent where the timeline cannot tell.',
    ),
    verdict: optional(text(1024), 'What to make of it.'),
    conditions: optional(Conditions, 'Its conditions.'),
    observed_generation: optional(count, 'The generation of the spec that this status speaks of.'),
  },
  { description: 'What we make of it.' },
);
export type PodBirthCertificateStatus = t.TypeOf<typeof PodBirthCertificateStatus>;

/** What the kernel and Kubernetes did between "pod accepted" and "ready", once per pod. */
export const PodBirthCertificate = struct('a PodBirthCertificate', {
  apiVersion: required(apiVersion, 'Group and version.'),
  kind: required(oneOf('PodBirthCertificate'), 'Kind.'),
  metadata: required(ObjectMeta, 'Metadata.'),
  spec: required(PodBirthCertificateSpec, 'What was observed.'),
  status: optional(PodBirthCertificateStatus, 'What we make of it.'),
});
export type PodBirthCertificate = t.TypeOf<typeof PodBirthCertificate>;
