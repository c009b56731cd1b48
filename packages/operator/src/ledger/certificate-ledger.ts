import { isDeepStrictEqual } from 'node:util';
import {
  KernelGossipError,
  type PodBirthCertificate,
  type PodBirthCertificateSpec,
  type PodCreation,
} from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { birthOnCertificate } from './birth/birth-on-certificate.ts';
import type { Birth, KubernetesPart } from './birth/birth-parts.ts';
import { composeCertificate } from './birth/compose-certificate.ts';
import { joinBirths } from './birth/join-births.ts';
import { kernelPart } from './birth/kernel-part.ts';
import type { Evidence, PodIdentity } from './evidence.ts';
import { certificateName } from './names.ts';
import { metadataOf } from './ownership.ts';
import type { Recorded } from './whisper-ledger.ts';

/** What Kubernetes says so far of the birth of the pod with this UID; null where it says nothing. */
export type KubernetesKnowledge = (uid: string) => KubernetesPart | null;

const NO_KUBERNETES: KubernetesKnowledge = () => null;

/** What waits to be written about one pod. What comes while a write is under way is written with the next one. */
interface Waiting {
  readonly birth: Birth;
  readonly written: Promise<Recorded>;
}

/** Files birth certificates: one per pod; the store has it when `record` resolves. One sent again costs no write. */
export class CertificateLedger {
  readonly #store: Store;
  readonly #index: ObjectIndex<'PodBirthCertificate'>;
  readonly #maxCertificates: number;
  readonly #kubernetes: KubernetesKnowledge;
  readonly #waiting = new Map<string, Waiting>();
  /** The end of the last write asked for, by certificate. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /** Written from here and not yet followed: the index would still tell what stood before. */
  readonly #ahead = new Map<string, PodBirthCertificate>();

  /** No more than so many are kept: the store of a cluster is shared with everyone else's objects. */
  constructor(
    store: Store,
    index: ObjectIndex<'PodBirthCertificate'>,
    maxCertificates: number,
    kubernetes: KubernetesKnowledge = NO_KUBERNETES,
  ) {
    this.#store = store;
    this.#index = index;
    this.#maxCertificates = maxCertificates;
    this.#kubernetes = kubernetes;
    index.listen(({ type, object }) => {
      const key = refKey(object.metadata);
      const ahead = this.#ahead.get(key);
      if (ahead !== undefined && (type === 'DELETED' || !isAhead(ahead, object))) this.#ahead.delete(key);
    });
  }

  /** Whether there is room for one more certificate. */
  get hasRoom(): boolean {
    return this.#index.size < this.#maxCertificates;
  }

  /** The certificate of a pod, or null. */
  find(pod: PodIdentity): PodBirthCertificateSpec | null {
    return this.#standing(refKey({ namespace: pod.namespace, name: certificateName(pod) }))?.spec ?? null;
  }

  record(evidence: Evidence<PodCreation>): Promise<Recorded> {
    const { uid } = evidence.pod;
    const kubernetes = uid === null ? null : this.#kubernetes(uid);
    return this.#add(evidence.pod, { kernel: kernelPart(evidence), kubernetes });
  }

  /** Adds what Kubernetes says of a birth, to a certificate that stands or as one of its own. */
  join(pod: PodIdentity, kubernetes: KubernetesPart): Promise<Recorded> {
    return this.#add(pod, { kernel: null, kubernetes });
  }

  #add(pod: PodIdentity, birth: Birth): Promise<Recorded> {
    const key = refKey({ namespace: pod.namespace, name: certificateName(pod) });
    const waiting = this.#waiting.get(key);
    const joined = waiting === undefined ? birth : joinFor(pod, waiting.birth, birth);
    const written = waiting?.written ?? this.#afterOthers(key, () => this.#write(pod, key));
    this.#waiting.set(key, { birth: joined, written });
    return written;
  }

  async #write(pod: PodIdentity, key: string): Promise<Recorded> {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return 'nothing';
    this.#waiting.delete(key);
    const known = this.#standing(key);
    const birth =
      known === null ? waiting.birth : joinFor(pod, birthOnCertificate(known.spec), waiting.birth);
    const spec = composeCertificate(pod, birth);
    if (spec === null) return 'nothing';
    if (known !== null && isDeepStrictEqual(known.spec, spec)) return 'repeat';
    await this.#file(pod, spec, known === null);
    return 'transition';
  }

  async #file(pod: PodIdentity, spec: PodBirthCertificateSpec, isNew: boolean): Promise<void> {
    if (isNew && !this.hasRoom) {
      throw new KernelGossipError(
        'KG_STORE_UNAVAILABLE',
        `There are ${this.#index.size} birth certificates already, and no more than ${this.#maxCertificates} are kept. They go with their pods.`,
      );
    }
    const metadata = metadataOf(pod, certificateName(pod));
    const written = await this.#store.apply('PodBirthCertificate', { metadata, spec });
    const key = refKey(metadata);
    const followed = this.#index.get(key);
    if (followed === null || isAhead(written, followed)) this.#ahead.set(key, written);
  }

  #standing(key: string): PodBirthCertificate | null {
    return this.#ahead.get(key) ?? this.#index.get(key);
  }

  /** Runs a write about one certificate after those that were asked for before it. */
  async #afterOthers<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#tails.get(key) ?? Promise.resolve()).then(work, work);
    this.#tails.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }
}

/** Without a UID, nothing tells a birth from the next one under its name: the latest message holds all of its own. */
const joinFor = ({ uid }: PodIdentity, before: Birth, next: Birth): Birth =>
  uid === null ? next : joinBirths(before, next);

const isAhead = ({ metadata }: PodBirthCertificate, other: PodBirthCertificate): boolean =>
  metadata.uid === other.metadata.uid && (metadata.generation ?? 0) > (other.metadata.generation ?? 0);
