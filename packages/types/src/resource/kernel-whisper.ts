import type * as t from 'io-ts';
import {
  bytes,
  cores,
  count,
  defaulted,
  dnsLabel,
  dnsSubdomain,
  list,
  milliseconds,
  numberBetween,
  oneOf,
  optional,
  percent,
  podUid,
  required,
  seconds,
  struct,
  text,
  timestamp,
  containerId,
} from '../codec/index.ts';
import { FINDING_KINDS, networkSymptom, provenance } from '../observation/index.ts';
import { MeasuredPair } from './kernel-reading.ts';
import { apiVersion, Conditions, ObjectMeta } from './metadata.ts';
import { Remedy } from './remedy.ts';
import { TrafficSummary } from './traffic-summary.ts';

export const findingKind = oneOf(...FINDING_KINDS);
export const severity = oneOf('critical', 'warning', 'info');
export type Severity = 'critical' | 'warning' | 'info';
/** From the least to the most severe. */
export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

export const phase = oneOf('Open', 'Resolved');
export type Phase = 'Open' | 'Resolved';

export const KernelTruth = struct('the kernel truth', {
  throttled_percent: optional(percent, 'Share of the CFS periods in which the quota ran out.'),
  actual_cpu_cores: optional(cores, "CPU used by the kernel's own count, in cores."),
  limit_cores: optional(cores, 'CPU limit in force, in cores.'),
  nr_periods: optional(count, 'CFS periods with activity in the window.'),
  nr_throttled: optional(count, 'Periods in which the quota ran out.'),
  throttled_seconds: optional(seconds, 'Run time withheld in the window, summed over CPUs.'),
  threads: optional(count, 'Threads in the container at the end of the window.'),
  runnable_threads: optional(count, 'Threads that ran or waited for a CPU at the end of the window.'),
  runtime: optional(text(31), 'What the main process is by its own threads, such as jvm, go, node, openmp.'),
  cpu_pressure_percent: optional(
    percent,
    'Share of the window in which some task waited for a CPU (PSI cpu.some), throttling included.',
  ),
  age_seconds: optional(seconds, 'How long the container had been there when the window ended.'),
  window_seconds: optional(seconds, 'Length of the window that these figures cover.'),
});
export type KernelTruth = t.TypeOf<typeof KernelTruth>;

export const MetricsLie = struct('what the metrics claimed', {
  reported_cpu_cores: optional(cores, 'CPU usage that the metrics claimed, in cores.'),
  reported_memory_bytes: optional(bytes, 'Memory usage that the metrics claimed.'),
  source: optional(text(63), 'Where the claim was read.'),
});
export type MetricsLie = t.TypeOf<typeof MetricsLie>;

export const MemoryTruth = struct('the memory truth', {
  usage_percent: optional(percent, 'Memory in use as a share of the limit; absent where there is no limit.'),
  usage_bytes: optional(bytes, 'Memory in use.'),
  limit_bytes: optional(bytes, 'Memory limit in force.'),
  stalled_percent: optional(percent, 'Share of the window in which some task waited for memory (PSI).'),
  oom_kills: optional(count, 'Processes killed for want of memory in the window.'),
  episode_oom_kills: optional(count, 'Processes killed for want of memory since detected_at.'),
  window_seconds: optional(seconds, 'Length of the window that these figures cover.'),
});
export type MemoryTruth = t.TypeOf<typeof MemoryTruth>;

export const NetworkTruth = struct('the network truth', {
  symptom: required(networkSymptom, 'What goes wrong.'),
  failure_percent: required(percent, 'Share of the attempts that failed.'),
  failed: optional(count, 'Attempts that failed in the window.'),
  attempted: optional(count, 'Attempts made in the window.'),
  latency_ms: optional(milliseconds, 'Round-trip time in the window, median.'),
  remote: optional(text(253), 'The other end, where it is always the same one.'),
  window_seconds: optional(seconds, 'Length of the window that these figures cover.'),
});
export type NetworkTruth = t.TypeOf<typeof NetworkTruth>;

export const WhisperSource = struct('a source', {
  name: required(text(63), 'Who saw it.'),
  node_name: optional(dnsSubdomain, 'Node on which it was seen.'),
  cgroup: optional(text(4096), 'Path of the cgroup that was read.'),
});
export type WhisperSource = t.TypeOf<typeof WhisperSource>;

/** What a pod belongs to: findings are grouped by it. */
export const Workload = struct('a workload', {
  kind: required(text(63), 'Kind of the object that keeps the pod, such as Deployment.'),
  name: required(dnsSubdomain, 'Its name.'),
});
export type Workload = t.TypeOf<typeof Workload>;

export const KernelWhisperSpec = struct(
  'a whisper spec',
  {
    pod_name: required(dnsSubdomain, 'Name of the pod.'),
    namespace: required(dnsLabel, "The pod's namespace."),
    container_name: optional(dnsLabel, 'Name of the container; absent where the pod as a whole is meant.'),
    pod_uid: optional(podUid, 'UID of the pod.'),
    workload: optional(Workload, 'What the pod belongs to; absent where it stands alone.'),
    container_id: optional(containerId, 'Id of the container.'),
    kind: defaulted(findingKind, 'cpu_throttle', 'What kind of trouble it is.'),
    severity: required(severity, 'How bad it is, by the bounds of its kind.'),
    detected_at: required(timestamp, "When it was first seen this time, by the source's clock."),
    measured_at: optional(timestamp, "When the window of its figures ended, by the source's clock."),
    ended_at: optional(timestamp, 'When the source saw that it was over; absent while it lasts.'),
    ended_percent: optional(percent, 'What the source measured when it saw that it was over.'),
    provenance: defaulted(provenance, 'measured', 'Measured, synthetic or replayed.'),
    source: optional(WhisperSource, 'Who saw it, and where.'),
    throttled_percent: optional(percent, 'Share of the CFS periods in which the quota ran out.'),
    kernel_truth: optional(KernelTruth, 'What the kernel counted about CPU.'),
    metrics_lie: optional(MetricsLie, 'What the metrics claimed at the same time.'),
    memory: optional(MemoryTruth, 'What the kernel counted about memory.'),
    network: optional(NetworkTruth, 'What the kernel counted about the network.'),
  },
  {
    description: 'What was observed.',
    rules: [
      {
        rule: "self.kind != 'cpu_throttle' || (has(self.throttled_percent) && dyn(self.throttled_percent) != null)",
        message: 'a cpu_throttle whisper needs throttled_percent',
      },
      {
        rule: "self.kind != 'memory_pressure' || (has(self.memory) && dyn(self.memory) != null)",
        message: 'a memory_pressure whisper needs memory',
      },
      {
        rule: "self.kind != 'network_issue' || (has(self.network) && dyn(self.network) != null)",
        message: 'a network_issue whisper needs network',
      },
      {
        // `namespace` is a reserved word of CEL, which a schema's field of that name is escaped from.
        rule: 'self.pod_name == oldSelf.pod_name && self.__namespace__ == oldSelf.__namespace__ && self.kind == oldSelf.kind',
        message: 'a whisper stays with its pod and its kind: make another one instead',
      },
    ],
    checks: [
      {
        path: 'throttled_percent',
        expected: 'a percentage 0..100, as the kind is cpu_throttle',
        holds: ({ kind, throttled_percent }) => kind !== 'cpu_throttle' || throttled_percent !== null,
      },
      {
        path: 'memory',
        expected: 'what the kernel counted, as the kind is memory_pressure',
        holds: ({ kind, memory }) => kind !== 'memory_pressure' || memory !== null,
      },
      {
        path: 'network',
        expected: 'what the kernel counted, as the kind is network_issue',
        holds: ({ kind, network }) => kind !== 'network_issue' || network !== null,
      },
    ],
  },
);
export type KernelWhisperSpec = t.TypeOf<typeof KernelWhisperSpec>;

export const MetricsComparison = struct('a metrics comparison', {
  kernel_cpu_usage: optional(cores, 'CPU usage by the kernel, in cores.'),
  metrics_cpu_usage: optional(cores, 'CPU usage by the metrics, in cores.'),
  discrepancy_percent: optional(
    numberBetween('a percentage from -1000000 to 100', -1_000_000, 100),
    "The part of the kernel's figure that the metrics did not show: (kernel - metrics) / kernel. Negative where the metrics claimed more.",
  ),
});
export type MetricsComparison = t.TypeOf<typeof MetricsComparison>;

export const CAUSES = [
  'limit_below_demand',
  'more_threads_than_quota',
  'pod_quota',
  'ancestor_quota',
  'node_contention',
  'startup_only',
  'cpu_burst',
  'memory_limit_near',
  'memory_reclaim',
  'child_oom_killed',
  'network_retransmits',
  'network_drops',
  'network_resets',
  'network_connection_failures',
  'dns_failures',
  'unknown',
] as const;
export const causeKind = oneOf(...CAUSES);
export type CauseKind = (typeof CAUSES)[number];

export const Cause = struct('a cause', {
  kind: required(causeKind, 'What it is.'),
  evidence: required(list(text(512), { maxItems: 16 }), 'The figures that show it, each with its window.'),
  would_tell: optional(text(512), 'What would have to be measured to know more.'),
});
export type Cause = t.TypeOf<typeof Cause>;

/** Kernel and metrics about the same container, each with its own time and window. */
export const MetricsSample = struct('what metrics.k8s.io said', {
  availability: required(oneOf('available', 'not_available', 'no_sample'), 'Whether there was an answer.'),
  message: optional(text(512), 'Why there was none.'),
  read_at: required(timestamp, 'When it was asked.'),
  measured_at: optional(timestamp, "When the metrics' window ended."),
  window_seconds: optional(seconds, "Length of the metrics' window."),
  cpu_cores: optional(cores, 'CPU usage by the metrics, in cores.'),
  memory_bytes: optional(bytes, 'Memory usage (working set) by the metrics.'),
  kernel_measured_at: optional(timestamp, "When the kernel's window ended."),
  kernel_window_seconds: optional(seconds, "Length of the kernel's window."),
  kernel_cpu_cores: optional(cores, 'CPU usage by the kernel, in cores.'),
  kernel_memory_bytes: optional(bytes, 'Memory in use by the kernel.'),
});
export type MetricsSample = t.TypeOf<typeof MetricsSample>;

export const KernelWhisperStatus = struct(
  'a whisper status',
  {
    phase: optional(phase, 'Open while it lasts, then Resolved.'),
    insight: optional(text(1024), 'What it is.'),
    recommendation: optional(text(1024), 'What to do about it.'),
    kernel_evidence: optional(text(1024), 'What in the kernel shows it.'),
    priority: optional(oneOf('high', 'medium', 'low'), 'How soon to do it.'),
    cause: optional(Cause, 'What kind of trouble it is at bottom, and what shows it.'),
    metrics_comparison: optional(MetricsComparison, 'Kernel and metrics side by side.'),
    metrics: optional(MetricsSample, 'What metrics.k8s.io said at the same time.'),
    measured: optional(MeasuredPair, 'What the kernel counts now; told only while a remedy needs it.'),
    remedy: optional(Remedy, 'What is proposed or done about it, and whether it helped.'),
    traffic: optional(
      TrafficSummary,
      'What requests the pod answered meanwhile and before, where somebody told.',
    ),
    withheld: optional(
      count,
      'Like whispers of the same workload that are counted here and have no object of their own.',
    ),
    observations: optional(count, 'How many observations stand behind it; may lag by 30 s.'),
    first_seen: optional(timestamp, "When the first one arrived, by the operator's clock."),
    last_seen: optional(timestamp, "When the latest one arrived, by the operator's clock; may lag by 30 s."),
    conditions: optional(Conditions, 'Its conditions.'),
    observed_generation: optional(count, 'The generation of the spec that this status speaks of.'),
  },
  { description: 'What we make of it.' },
);
export type KernelWhisperStatus = t.TypeOf<typeof KernelWhisperStatus>;

/** The standing finding about one (pod, container, kind). */
export const KernelWhisper = struct('a KernelWhisper', {
  apiVersion: required(apiVersion, 'Group and version.'),
  kind: required(oneOf('KernelWhisper'), 'Kind.'),
  metadata: required(ObjectMeta, 'Metadata.'),
  spec: required(KernelWhisperSpec, 'What was observed.'),
  status: optional(KernelWhisperStatus, 'What we make of it.'),
});
export type KernelWhisper = t.TypeOf<typeof KernelWhisper>;
