import { isRight } from 'fp-ts/lib/Either.js';
import {
  decode,
  KernelWhisper,
  RemediationPolicy,
  type RemediationPolicySpec,
  type KernelWhisperSpec,
  type KernelWhisperStatus,
} from 'kernel-gossip-types';
import type { PodFacts, Surroundings } from '../cluster/remedy-facts.ts';

export const POD_UID = '0123abcd-0000-4000-8000-000000000001';
export const CONTAINER_ID = 'c'.repeat(64);

export function policyOf(name: string, spec: Partial<RemediationPolicySpec>): RemediationPolicy {
  const result = decode(RemediationPolicy, {
    apiVersion: 'kernel.gossip.io/v1alpha1',
    kind: 'RemediationPolicy',
    metadata: { name, namespace: 'shop' },
    spec,
  });
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
}

/** A whisper about a container with a limit of 200m that is throttled in each period. */
export function whisperOf(
  spec: Partial<KernelWhisperSpec> = {},
  status: Partial<KernelWhisperStatus> = {},
  annotations: Readonly<Record<string, string>> = {},
): KernelWhisper {
  const result = decode(KernelWhisper, {
    apiVersion: 'kernel.gossip.io/v1alpha1',
    kind: 'KernelWhisper',
    metadata: {
      name: 'web-1-cpu-throttle-0123456789',
      namespace: 'shop',
      uid: 'u1',
      generation: 1,
      annotations,
    },
    spec: {
      pod_name: 'web-1',
      namespace: 'shop',
      container_name: 'app',
      pod_uid: POD_UID,
      container_id: CONTAINER_ID,
      kind: 'cpu_throttle',
      severity: 'critical',
      detected_at: '2026-01-01T00:00:00Z',
      throttled_percent: 100,
      source: { name: 'kernel-gossip-observer', node_name: 'n1' },
      kernel_truth: {
        throttled_percent: 100,
        actual_cpu_cores: 0.2,
        limit_cores: 0.2,
        nr_periods: 50,
        nr_throttled: 50,
        throttled_seconds: 1,
        window_seconds: 5,
      },
      ...spec,
    },
    status: { phase: 'Open', ...status },
  });
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
}

/** A pod with one container of 200m and 64Mi, running on a node with room. */
export const podOf = (changes: Partial<PodFacts> = {}): PodFacts => ({
  namespace: 'shop',
  name: 'web-1',
  uid: POD_UID,
  nodeName: 'n1',
  phase: 'Running',
  qosClass: 'Burstable',
  runtimeClass: null,
  isStatic: false,
  isGoing: false,
  workload: { kind: 'Deployment', name: 'web' },
  containers: [containerOf()],
  resize: [],
  ...changes,
});

export const containerOf = (
  changes: Partial<PodFacts['containers'][number]> = {},
): PodFacts['containers'][number] => ({
  name: 'app',
  kind: 'container',
  resources: { cpu_limit: '200m', cpu_request: '100m', memory_limit: '64Mi', memory_request: '32Mi' },
  actual: { cpu_limit: '200m', cpu_request: '100m', memory_limit: '64Mi', memory_request: '32Mi' },
  restarts: { cpu: false, memory: false },
  id: CONTAINER_ID,
  ...changes,
});

export const surroundingsOf = (changes: Partial<Surroundings> = {}): Surroundings => ({
  missingRight: null,
  canResize: true,
  limitRanges: [],
  quotas: [],
  node: { name: 'n1', allocatable: { cpu: 4, memory: 8e9 }, requested: { cpu: 1, memory: 1e9 } },
  autoscalers: [],
  managedBy: null,
  ...changes,
});
