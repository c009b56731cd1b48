import { isDeepStrictEqual } from 'node:util';
import { assessBirth } from '../assess/birth.ts';
import { refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { isGoing } from './going.ts';
import { DONE, type Reconcile } from './outcome.ts';

/** Keeps the status of every birth certificate what its figures make of it. */
export const birthCertifier =
  (store: Store, index: ObjectIndex<'PodBirthCertificate'>, now: () => number): Reconcile =>
  async (key) => {
    const certificate = index.get(key);
    if (certificate === null || isGoing(certificate)) return DONE;
    const status = assessBirth(certificate, now());
    if (!isDeepStrictEqual(status, certificate.status)) {
      await store.applyStatus('PodBirthCertificate', refOf(key), {
        manager: 'kernel-gossip-certifier',
        fields: status,
      });
    }
    return DONE;
  };
