import type * as t from 'io-ts';
import {
  boolean,
  count,
  defaulted,
  dnsLabel,
  dnsSubdomain,
  list,
  oneOf,
  optional,
  required,
  struct,
  text,
  textMap,
  timestamp,
} from '../codec/index.ts';

export const GROUP = 'kernel.gossip.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;
export const apiVersion = oneOf(API_VERSION);

export const OwnerReference = struct('an owner reference', {
  apiVersion: required(text(253), 'Group and version of the owner.'),
  kind: required(text(63), 'Kind of the owner.'),
  name: required(text(253), 'Name of the owner.'),
  uid: required(text(64), 'UID of the owner.'),
  controller: defaulted(boolean, false, 'Whether the owner is the managing controller.'),
  blockOwnerDeletion: defaulted(
    boolean,
    false,
    'Whether the owner waits for this object when it is deleted.',
  ),
});
export type OwnerReference = t.TypeOf<typeof OwnerReference>;

/** The part of Kubernetes' ObjectMeta that we read. */
export const ObjectMeta = struct('object metadata', {
  name: required(dnsSubdomain, 'Name of the object.'),
  namespace: required(dnsLabel, 'Namespace of the object.'),
  uid: optional(text(64), 'UID of the object.'),
  resourceVersion: optional(text(64), 'Version of the object in its store.'),
  generation: optional(count, 'Counts changes of the spec.'),
  creationTimestamp: optional(timestamp, 'When the object was made.'),
  deletionTimestamp: optional(timestamp, 'When its deletion was asked for.'),
  labels: optional(textMap, 'Labels.'),
  annotations: optional(textMap, 'Annotations.'),
  ownerReferences: optional(list(OwnerReference, { maxItems: 64 }), 'The objects it goes with.'),
});
export type ObjectMeta = t.TypeOf<typeof ObjectMeta>;

/** Kubernetes' own shape of a condition (metav1.Condition), in its own camelCase. */
export const Condition = struct('a condition', {
  type: required(text(316), 'What the condition is about.'),
  status: required(oneOf('True', 'False', 'Unknown'), 'Whether it holds.'),
  reason: required(text(1024), 'Why, as one word for machines.'),
  message: required(text(32_768), 'Why, for people.'),
  lastTransitionTime: required(timestamp, 'When its status last changed.'),
  observedGeneration: optional(count, 'The generation of the spec that it speaks of.'),
});
export type Condition = t.TypeOf<typeof Condition>;

export const Conditions = list(Condition, { maxItems: 16, mapKeys: ['type'] });

/** The same conditions with one set: its transition time moves only when its status does. */
export const withCondition = (
  conditions: readonly Condition[],
  next: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): readonly Condition[] => {
  const unchanged = conditions.find(({ type, status }) => type === next.type && status === next.status);
  return [
    ...conditions.filter(({ type }) => type !== next.type),
    { ...next, lastTransitionTime: unchanged?.lastTransitionTime ?? now },
  ];
};
