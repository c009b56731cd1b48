import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { API_VERSION, KernelGossipError, type Kind, type Resources } from 'kernel-gossip-types';
import { decodeResourceOrThrow } from '../decode-resource.ts';
import type { Draft, ObjectRef, StatusPatch } from '../port.ts';

/** What the store gives to a write: the version that the object has if it changes, and the time. */
export interface Stamp {
  readonly resourceVersion: string;
  readonly now: Date;
}

/** Fields of a spec that stay what they are, as the CRDs' CEL rules have it (`oldSelf`). */
const FIXED_FIELDS: Readonly<Record<Kind, readonly string[]>> = {
  KernelWhisper: ['pod_name', 'namespace', 'kind'],
  PodBirthCertificate: ['pod_name', 'namespace'],
  RemediationPolicy: [],
  PixieSource: [],
};

/** Kubernetes leaves out what is empty; so that both stores answer alike, so do we. */
const orNull = <A extends object>(value: A): A | null => (Object.keys(value).length === 0 ? null : value);

const checkFixedFields = (kind: Kind, ref: ObjectRef, before: object, after: object): void => {
  const valueOf = (spec: object, field: string): unknown => Reflect.get(spec, field);
  const changed = FIXED_FIELDS[kind].filter((field) => valueOf(before, field) !== valueOf(after, field));
  if (changed.length === 0) return;
  throw new KernelGossipError(
    'KG_STORE_INVALID',
    `${kind} ${ref.namespace}/${ref.name}: ${changed.map((field) => `spec.${field}`).join(', ')} cannot change: make another object instead`,
  );
};

const wholeSeconds = (time: Date): string => time.toISOString().replace(/\.\d{3}Z$/, 'Z');

const newObject = <K extends Kind>(kind: K, draft: Draft<K>, stamp: Stamp): unknown => ({
  apiVersion: API_VERSION,
  kind,
  metadata: {
    name: draft.metadata.name,
    namespace: draft.metadata.namespace,
    uid: randomUUID(),
    resourceVersion: stamp.resourceVersion,
    generation: 1,
    creationTimestamp: wholeSeconds(stamp.now),
    labels: orNull(draft.metadata.labels),
    ownerReferences: orNull(draft.metadata.ownerReferences),
  },
  spec: draft.spec,
});

/** The object with a draft applied; the very same object where that changes nothing. Throws `KG_STORE_INVALID`. */
export const withDraft = <K extends Kind>(
  kind: K,
  draft: Draft<K>,
  before: Resources[K] | null,
  stamp: Stamp,
): Resources[K] => {
  const { namespace, name } = draft.metadata;
  const wanted = decodeResourceOrThrow(kind, { namespace, name }, newObject(kind, draft, stamp));
  if (before === null) return wanted;
  checkFixedFields(kind, { namespace, name }, before.spec, wanted.spec);
  const sameSpec = sameJson(before.spec, wanted.spec);
  const metadata = {
    ...before.metadata,
    labels: wanted.metadata.labels,
    ownerReferences: wanted.metadata.ownerReferences,
  };
  if (sameSpec && sameJson(metadata, before.metadata)) return before;
  const generation = (before.metadata.generation ?? 0) + (sameSpec ? 0 : 1);
  return {
    ...wanted,
    metadata: { ...metadata, resourceVersion: stamp.resourceVersion, generation },
    status: before.status,
  };
};

/** The object with a status patch applied; the very same object where that changes nothing. Throws `KG_STORE_INVALID`, `KG_STORE_CONFLICT`. */
export const withStatus = <K extends Kind>(
  kind: K,
  patch: StatusPatch<K>,
  before: Resources[K],
  stamp: Stamp,
): Resources[K] => {
  const { namespace, name, resourceVersion } = before.metadata;
  if (patch.resourceVersion !== undefined && patch.resourceVersion !== resourceVersion) {
    throw new KernelGossipError(
      'KG_STORE_CONFLICT',
      `${kind} ${namespace}/${name} changed since version ${patch.resourceVersion} was read`,
    );
  }
  const next = decodeResourceOrThrow(
    kind,
    { namespace, name },
    {
      ...before,
      metadata: { ...before.metadata, resourceVersion: stamp.resourceVersion },
      status: { ...before.status, ...patch.fields },
    },
  );
  return sameJson(before.status, next.status) ? before : next;
};

/** Whether two values are stored alike; JSON knows no -0, and the order of labels means nothing. */
const sameJson = (left: unknown, right: unknown): boolean =>
  isDeepStrictEqual(left, right) || isDeepStrictEqual(roundTrip(left), roundTrip(right));

const roundTrip = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
