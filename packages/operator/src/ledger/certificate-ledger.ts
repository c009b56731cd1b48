import { isDeepStrictEqual } from 'node:util';
import { KernelGossipError, type PodCreation } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { certificateSpec } from './certificate-spec.ts';
import type { Evidence } from './evidence.ts';
import { certificateName } from './names.ts';
import { metadataOf } from './ownership.ts';
import type { Recorded } from './whisper-ledger.ts';

/** Files birth certificates: one per pod; the store has it when `record` resolves. One sent again costs no write. */
export class CertificateLedger {
  readonly #store: Store;
  readonly #index: ObjectIndex<'PodBirthCertificate'>;
  readonly #maxCertificates: number;

  /** No more than so many are kept: the store of a cluster is shared with everyone else's objects. */
  constructor(store: Store, index: ObjectIndex<'PodBirthCertificate'>, maxCertificates: number) {
    this.#store = store;
    this.#index = index;
    this.#maxCertificates = maxCertificates;
  }

  async record(evidence: Evidence<PodCreation>): Promise<Recorded> {
    const spec = certificateSpec(evidence);
    const metadata = metadataOf(evidence.pod, certificateName(evidence.pod));
    const known = this.#index.get(refKey(metadata));
    if (known !== null && isDeepStrictEqual(known.spec, spec)) return 'repeat';
    if (known === null && this.#index.size >= this.#maxCertificates) {
      throw new KernelGossipError(
        'KG_STORE_UNAVAILABLE',
        `There are ${this.#index.size} birth certificates already, and no more than ${this.#maxCertificates} are kept. They go with their pods.`,
      );
    }
    await this.#store.apply('PodBirthCertificate', { metadata, spec });
    return 'transition';
  }
}
