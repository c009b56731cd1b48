import {
  boolean,
  containerId,
  count,
  defaulted,
  dnsLabel,
  dnsSubdomain,
  oneOf,
  optional,
  podUid,
  required,
  seconds,
  text,
  timestamp,
  type StructCheck,
} from '../codec/index.ts';

/** The kinds of whisper, each named as the observation that brings it. */
export const FINDING_KINDS = ['cpu_throttle', 'memory_pressure', 'network_issue'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/**
 * Where a figure comes from: measured by the sender at the time it says, made up to try things out, or a
 * recording played again. Everything but `measured` says so wherever it is shown.
 */
export const provenance = oneOf('measured', 'synthetic', 'replayed');
export type Provenance = 'measured' | 'synthetic' | 'replayed';

/** The fields by which every observation says what it is about, when, and who saw it. */
export const subjectFields = {
  pod_name: optional(dnsSubdomain, 'Name of the pod. Needed unless pod_uid is given.'),
  namespace: optional(dnsLabel, "The pod's namespace. Needed unless pod_uid is given."),
  container_name: optional(dnsLabel, 'Name of the container; absent where the pod as a whole is meant.'),
  pod_uid: optional(podUid, 'UID of the pod, as its cgroup path carries it.'),
  container_id: optional(containerId, 'Id of the container, as its cgroup path carries it.'),
  node_name: optional(dnsSubdomain, 'Node on which this was seen.'),
  cgroup: optional(text(4096), 'Path of the cgroup below the root of its hierarchy.'),
  timestamp: required(timestamp, "When this was seen, by the source's clock."),
  source: optional(text(63), 'Who saw it.'),
  provenance: defaulted(provenance, 'measured', 'Measured, synthetic or replayed.'),
} as const;

/** The fields of an observation of something that lasts. */
export const ongoingFields = {
  period_seconds: optional(seconds, 'Length of the window that the figures cover.'),
  ended: defaulted(boolean, false, 'True when the source sees that what it reported before is over.'),
  repeats: defaulted(count, 1, 'How many windows like this one the observation stands for.'),
} as const;

interface Subject {
  readonly pod_name: string | null;
  readonly namespace: string | null;
  readonly pod_uid: string | null;
}

/** Who is meant must be known: by name, or by the UID that a cgroup path carries. */
export const subjectChecks: readonly StructCheck<Subject>[] = [
  {
    path: 'pod_name',
    expected: 'a pod name (or a pod_uid instead)',
    holds: ({ pod_name, pod_uid }) => pod_name !== null || pod_uid !== null,
  },
  {
    path: 'namespace',
    expected: 'the namespace of pod_name (or a pod_uid instead)',
    holds: ({ namespace, pod_uid }) => namespace !== null || pod_uid !== null,
  },
];
