import { createHash } from 'node:crypto';
import type { FindingKind } from 'kernel-gossip-types';
import type { PodIdentity } from './evidence.ts';

const HASH_LENGTH = 10;
/** So that a name, its kind and its hash stay readable in a table; the hash keeps them apart. */
const LONGEST_POD_PART = 200;

const hashOf = (...parts: readonly (string | null)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, HASH_LENGTH);

const podPart = (name: string): string => name.slice(0, LONGEST_POD_PART).replace(/[-.]+$/, '');

/** What tells one whisper from every other: one per (pod, container, kind). */
export const whisperKey = (pod: PodIdentity, container: string | null, kind: FindingKind): string =>
  `${pod.namespace}/${pod.name}/${pod.uid ?? ''}/${container ?? ''}/${kind}`;

/** The name of the whisper about (pod, container, kind): the same on every replica and after every restart. */
export const whisperName = (pod: PodIdentity, container: string | null, kind: FindingKind): string =>
  `${podPart(pod.name)}-${kind.replace('_', '-')}-${hashOf(pod.namespace, pod.name, pod.uid, container, kind)}`;

/** The name of a pod's birth certificate. */
export const certificateName = (pod: PodIdentity): string =>
  `${podPart(pod.name)}-${hashOf(pod.namespace, pod.name, pod.uid)}`;
