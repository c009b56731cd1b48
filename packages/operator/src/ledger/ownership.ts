import type { OwnerReference } from 'kernel-gossip-types';
import type { ObjectRef } from '../store/port.ts';
import type { PodIdentity } from './evidence.ts';

interface FindingMetadata extends ObjectRef {
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
}

/** Metadata of a finding about a pod: owned by it, so that the cluster's garbage collector removes both together. */
export const metadataOf = (pod: PodIdentity, name: string): FindingMetadata => ({
  namespace: pod.namespace,
  name,
  labels: { 'app.kubernetes.io/managed-by': 'kernel-gossip' },
  ownerReferences:
    pod.uid === null
      ? []
      : [
          {
            apiVersion: 'v1',
            kind: 'Pod',
            name: pod.name,
            uid: pod.uid,
            controller: false,
            blockOwnerDeletion: false,
          },
        ],
});
