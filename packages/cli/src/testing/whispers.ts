import { isLeft } from 'fp-ts/lib/Either.js';
import { decode, describeFailure, KernelWhisper, PodBirthCertificate } from 'kernel-gossip-types';

/** The moment at which the tests' commands look. */
export const NOW = Date.parse('2024-03-15T10:35:00Z');

function checked<A>(codec: Parameters<typeof decode<A>>[0], input: unknown): A {
  const decoded = decode(codec, input);
  if (isLeft(decoded)) throw new Error(decoded.left.map(describeFailure).join('; '));
  return decoded.right;
}

interface WhisperParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> | null;
}

/** The whisper of the integration guide's example, as the operator files it; parts of it may be said otherwise. */
export const whisper = (parts: WhisperParts = {}): KernelWhisper =>
  checked(KernelWhisper, {
    apiVersion: 'kernel.gossip.io/v1alpha1',
    kind: 'KernelWhisper',
    metadata: {
      name: parts.name ?? 'web-1-cpu-throttle-0000000000',
      namespace: parts.namespace ?? 'shop',
      generation: parts.generation ?? 1,
      resourceVersion: parts.resourceVersion ?? '7',
    },
    spec: {
      pod_name: 'web-1',
      namespace: parts.namespace ?? 'shop',
      container_name: 'app',
      kind: 'cpu_throttle',
      severity: 'critical',
      detected_at: '2024-03-15T10:30:00Z',
      provenance: 'synthetic',
      source: { name: 'kgossip', node_name: 'node-1' },
      throttled_percent: 85.5,
      kernel_truth: { throttled_percent: 85.5, actual_cpu_cores: 0.98, window_seconds: 60 },
      metrics_lie: { reported_cpu_cores: 0.35, source: 'kgossip' },
      ...parts.spec,
    },
    status:
      parts.status === null
        ? null
        : {
            phase: 'Open',
            insight: 'Pod experiencing high CPU throttling at 85.5%',
            recommendation: 'Consider increase CPU limits by 50%',
            kernel_evidence: 'Kernel shows 85.5% throttled time',
            priority: 'high',
            observations: 3,
            first_seen: '2024-03-15T10:30:00Z',
            last_seen: '2024-03-15T10:34:15Z',
            observed_generation: parts.generation ?? 1,
            ...parts.status,
          },
  });

export const certificate = (spec: Readonly<Record<string, unknown>> = {}): PodBirthCertificate =>
  checked(PodBirthCertificate, {
    apiVersion: 'kernel.gossip.io/v1alpha1',
    kind: 'PodBirthCertificate',
    metadata: { name: 'web-1-0000000000', namespace: 'shop', generation: 1 },
    spec: {
      pod_name: 'web-1',
      namespace: 'shop',
      recorded_at: '2024-03-15T10:31:00Z',
      provenance: 'measured',
      source: { name: 'kgtrace', node_name: 'node-1' },
      timeline: [
        { timestamp_ms: 0, actor: 'scheduler', action: 'assign', resolution_ms: 1000, source: 'api' },
        {
          timestamp_ms: 300,
          actor: 'runtime',
          action: 'make the sandbox',
          duration_ms: 900,
          source: 'kgtrace',
        },
        {
          timestamp_ms: 1000,
          actor: 'kubelet',
          action: 'start',
          duration_ms: 1400,
          resolution_ms: 500,
          source: 'kubelet',
        },
        { timestamp_ms: 2400, actor: 'kernel', action: 'execute', source: 'kgtrace' },
      ],
      kernel_stats: { total_syscalls: 847, total_duration_ms: 2500 },
      ...spec,
    },
    status: {
      slowest_phase: { actor: 'runtime', action: 'make the sandbox', duration_ms: 900, share_percent: 36 },
      verdict: 'Most of the time went into the sandbox.',
      observed_generation: 1,
    },
  });
