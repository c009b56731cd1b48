import { isLeft } from 'fp-ts/lib/Either.js';
import {
  API_VERSION,
  decode,
  describeFailure,
  KernelWhisper,
  PodBirthCertificate,
} from 'kernel-gossip-types';

type Parts = Readonly<Record<string, unknown>>;

const DETECTED_AT = '2026-03-15T10:30:00Z';

/** A whisper of which only what a test is about has to be said. */
export function whisper(spec: Parts = {}, status: Parts | null = null, name = 'web-1-cpu'): KernelWhisper {
  const namespace = typeof spec.namespace === 'string' ? spec.namespace : 'shop';
  const result = decode(KernelWhisper, {
    apiVersion: API_VERSION,
    kind: 'KernelWhisper',
    metadata: { name, namespace },
    spec: {
      pod_name: 'web-1',
      namespace,
      container_name: 'app',
      severity: 'critical',
      detected_at: DETECTED_AT,
      throttled_percent: 85.5,
      ...spec,
    },
    status,
  });
  if (isLeft(result)) throw new Error(result.left.map(describeFailure).join('; '));
  return result.right;
}

/** A remedy whose change was sent then. */
export const sentRemedy = (appliedAt: string): Parts => ({
  phase: 'Measuring',
  reason: 'x',
  message: 'x',
  mode: 'Auto',
  container_name: 'app',
  from: { cpu_limit: '1' },
  to: { cpu_limit: '2' },
  applied_at: appliedAt,
});

/** A birth certificate likewise. */
export function certificate(spec: Parts = {}, status: Parts | null = null): PodBirthCertificate {
  const result = decode(PodBirthCertificate, {
    apiVersion: API_VERSION,
    kind: 'PodBirthCertificate',
    metadata: { name: 'web-1', namespace: 'shop' },
    spec: { pod_name: 'web-1', namespace: 'shop', recorded_at: DETECTED_AT, kernel_stats: {}, ...spec },
    status,
  });
  if (isLeft(result)) throw new Error(result.left.map(describeFailure).join('; '));
  return result.right;
}
