import { isDeepStrictEqual } from 'node:util';
import type { PodBirthCertificate } from 'kernel-gossip-types';
import { assessBirth } from '../assess/birth.ts';
import { refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { isGoing } from './going.ts';
import { again, DONE, type Reconcile } from './outcome.ts';

export interface BirthPolicy {
  /** A certificate that no pod owns, so that the cluster does not collect it, is deleted after this long. */
  readonly keepUnownedMs: number;
}

/** Keeps the status of every birth certificate what its figures make of it, and lets go of old ones without a pod. */
export const birthCertifier =
  (
    store: Store,
    index: ObjectIndex<'PodBirthCertificate'>,
    policy: BirthPolicy,
    now: () => number,
  ): Reconcile =>
  async (key) => {
    const certificate = index.get(key);
    if (certificate === null || isGoing(certificate)) return DONE;
    const nowMs = now();
    const expiresMs = expiryOf(certificate, policy);
    if (expiresMs !== null && expiresMs <= nowMs) {
      await store.delete('PodBirthCertificate', refOf(key), certificate.metadata.uid ?? undefined);
      return DONE;
    }
    const status = assessBirth(certificate, nowMs);
    if (!isDeepStrictEqual(status, certificate.status)) {
      await store.applyStatus('PodBirthCertificate', refOf(key), {
        manager: 'kernel-gossip-certifier',
        fields: status,
      });
    }
    return expiresMs === null ? DONE : again(expiresMs - nowMs);
  };

function expiryOf({ metadata }: PodBirthCertificate, { keepUnownedMs }: BirthPolicy): number | null {
  if ((metadata.ownerReferences ?? []).length > 0 || metadata.creationTimestamp === null) return null;
  return Date.parse(metadata.creationTimestamp) + keepUnownedMs;
}
