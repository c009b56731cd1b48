import { isLeft } from 'fp-ts/lib/Either.js';
import {
  decode,
  describeFailure,
  KernelWhisperSpec,
  KernelWhisperStatus,
  Remedy,
  type Codec,
} from 'kernel-gossip-types';
import type { Store } from 'kernel-gossip-operator';

type Parts = Readonly<Record<string, unknown>>;

/** What a codec makes of parts: all fields that are not given are null. */
export function full<A>(codec: Codec<A>, parts: Parts): A {
  const result = decode(codec, parts);
  if (isLeft(result)) throw new Error(result.left.map(describeFailure).join('; '));
  return result.right;
}

export const secondsAgo = (seconds: number, now = Date.now()): string =>
  new Date(now - seconds * 1000).toISOString();

/** A throttled container, changed as a test needs it. */
export const throttledSpec = (changes: Parts = {}): KernelWhisperSpec =>
  full(KernelWhisperSpec, {
    pod_name: 'web-1',
    namespace: 'shop',
    container_name: 'app',
    workload: { kind: 'Deployment', name: 'web' },
    kind: 'cpu_throttle',
    severity: 'critical',
    detected_at: secondsAgo(240),
    measured_at: secondsAgo(30),
    source: { name: 'kernel-gossip-observer', node_name: 'node-1', cgroup: '/kubepods/burstable/pod1/app' },
    throttled_percent: 86,
    kernel_truth: {
      throttled_percent: 86,
      actual_cpu_cores: 0.98,
      limit_cores: 1,
      nr_periods: 300,
      nr_throttled: 258,
      throttled_seconds: 12.5,
      window_seconds: 30,
    },
    ...changes,
  });

/** Files a whisper as the ledger does. */
export async function file(
  store: Store,
  spec: KernelWhisperSpec,
  name = `${spec.pod_name}-${spec.kind.replace('_', '-')}`,
): Promise<void> {
  const metadata = { namespace: spec.namespace, name, labels: {}, ownerReferences: [] };
  await store.apply('KernelWhisper', { metadata, spec });
}

/** A reading of a container's cgroup that ended so many seconds ago. */
const reading = (ago: number, figures: Parts): Parts => ({
  container: { measured_at: secondsAgo(ago), window_seconds: 30, ...figures },
});

/** A remedy that was sent two minutes ago and proved. */
export const provenRemedy = (): Remedy =>
  full(Remedy, {
    phase: 'Proven',
    reason: 'LessWithheld',
    message: '2 of 300 periods throttled in 30 s under 2; 258 of 300 before.',
    mode: 'Auto',
    decided_by: 'RemediationPolicy shop/web',
    container_name: 'app',
    original: { cpu_limit: '1' },
    from: { cpu_limit: '1' },
    to: { cpu_limit: '2' },
    before: reading(150, {
      limit_cores: 1,
      usage_cores: 0.98,
      nr_periods: 300,
      nr_throttled: 258,
      throttled_seconds: 12.5,
    }),
    after: reading(60, {
      limit_cores: 2,
      usage_cores: 1.61,
      nr_periods: 300,
      nr_throttled: 2,
      throttled_seconds: 0.02,
    }),
    improvement_percent: 99.84,
    setbacks: 0,
    started_at: secondsAgo(125),
    applied_at: secondsAgo(120),
    decided_at: secondsAgo(58),
  });

/** What metrics.k8s.io said of the same container, in a window that ended so many seconds ago. */
export const metricsSample = (ago = 35): KernelWhisperStatus['metrics'] =>
  full(KernelWhisperStatus, {
    metrics: {
      availability: 'available',
      read_at: secondsAgo(ago - 7),
      measured_at: secondsAgo(ago),
      window_seconds: 20,
      cpu_cores: 0.35,
      kernel_measured_at: secondsAgo(ago - 5),
      kernel_window_seconds: 30,
      kernel_cpu_cores: 0.98,
    },
  }).metrics;

/** A birth as an observer with eBPF tells it, times in milliseconds. */
export const birth = (changes: Parts = {}): Parts => ({
  type: 'pod_creation',
  pod_name: 'web-1',
  namespace: 'shop',
  timestamp: new Date().toISOString(),
  total_syscalls: 847,
  namespaces_created: 7,
  duration_ms: 2350,
  timeline: [
    { timestamp_ms: 0, actor: 'scheduler', action: 'assign the pod to a node', resolution_ms: 1000 },
    { timestamp_ms: 100, actor: 'cni', action: 'run the network plugin bridge', duration_ms: 36 },
    { timestamp_ms: 150, actor: 'runtime', action: 'create the sandbox', duration_ms: 95 },
    { timestamp_ms: 400, actor: 'kubelet', action: 'pull the image', duration_ms: 1800 },
    { timestamp_ms: 2350, actor: 'kernel', action: 'execute the program' },
  ],
  ...changes,
});
