import { isRight } from 'fp-ts/lib/Either.js';
import { API_VERSION, decode, KernelWhisper, type KernelWhisperSpec } from 'kernel-gossip-types';

/** A whisper as a store would give it; what is not said is as in a manifest that does not say it. */
export function whisperWith(spec: object, status: object | null = null): KernelWhisper {
  const decoded = decode(KernelWhisper, {
    apiVersion: API_VERSION,
    kind: 'KernelWhisper',
    metadata: { name: 'a', namespace: 'shop', generation: 3 },
    spec: {
      pod_name: 'web-1',
      namespace: 'shop',
      severity: 'critical',
      detected_at: '2026-01-01T00:00:00Z',
      ...spec,
    },
    status,
  });
  if (!isRight(decoded)) throw new Error(JSON.stringify(decoded.left));
  return decoded.right;
}

export const specWith = (spec: object): KernelWhisperSpec => whisperWith(spec).spec;
