import { containerId, podUid } from 'kernel-gossip-types';
import { textAt, type Attributes } from './attributes.ts';

/** Whom a resource is about, by the names that OpenTelemetry's semantic conventions give. */
export interface Subject {
  /** As `namespace/name`; empty where either is unknown. */
  readonly pod: string;
  readonly podUid: string | null;
  readonly node: string;
  readonly container: string;
  readonly containerId: string;
}

/** Pixie's own name of a pod has its namespace in front. */
const podOf = (namespace: string | null, pod: string | null): string => {
  if (pod?.includes('/') === true) return pod;
  return namespace === null || pod === null ? '' : `${namespace}/${pod}`;
};

/** An id may come with its runtime in front, as Kubernetes writes it: `containerd://…`. */
export const bareContainerId = (id: string | null): string => {
  const bare = id?.replace(/^[\w.-]+:\/\//, '');
  return containerId.is(bare) ? bare : '';
};

export function subjectOf(resource: Attributes): Subject {
  const uid = textAt(resource, 'k8s.pod.uid');
  return {
    pod: podOf(textAt(resource, 'k8s.namespace.name'), textAt(resource, 'k8s.pod.name')),
    podUid: podUid.is(uid) ? uid : null,
    node: textAt(resource, 'k8s.node.name') ?? '',
    container: textAt(resource, 'k8s.container.name') ?? '',
    containerId: bareContainerId(textAt(resource, 'container.id')),
  };
}
