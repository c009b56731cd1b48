import type { Workload } from 'kernel-gossip-types';
import { fieldOf, itemsOf, textOf } from './raw-fields.ts';

const HASH_LABEL = 'pod-template-hash';

/**
 * What keeps a pod, by its metadata alone. A ReplicaSet that a Deployment made is named by the Deployment and the hash of
 * the pod's template, which the pod bears as a label (kubernetes.io: Deployments, pod-template-hash): so the Deployment
 * is known without asking for the ReplicaSet. Null where the pod stands alone, or is a static pod that its node keeps.
 */
export function workloadOf(metadata: unknown): Workload | null {
  const owner = itemsOf(fieldOf(metadata, 'ownerReferences')).find(
    (reference) => fieldOf(reference, 'controller') === true,
  );
  const kind = textOf(fieldOf(owner, 'kind'));
  const name = textOf(fieldOf(owner, 'name'));
  if (kind === null || name === null || kind === 'Node') return null;
  const suffix = `-${textOf(fieldOf(metadata, 'labels', HASH_LABEL)) ?? ''}`;
  const isDeployed = kind === 'ReplicaSet' && suffix.length > 1 && name.endsWith(suffix);
  return isDeployed ? { kind: 'Deployment', name: name.slice(0, -suffix.length) } : { kind, name };
}
