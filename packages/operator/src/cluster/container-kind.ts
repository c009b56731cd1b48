import { fieldOf } from './raw-fields.ts';

/** What a container is to its pod, as the pod's spec says it. A sidecar is an init container that goes on (KEP-753). */
export type ContainerKind = 'init' | 'sidecar' | 'container' | 'ephemeral';

/** Where a pod's spec lists its containers, and where its status tells of those. */
export const STATUSES = {
  initContainers: 'initContainerStatuses',
  containers: 'containerStatuses',
  ephemeralContainers: 'ephemeralContainerStatuses',
} as const;

export type ContainerList = keyof typeof STATUSES;
export const CONTAINER_LISTS = Object.keys(STATUSES) as readonly ContainerList[];

export function kindOf(list: ContainerList, container: unknown): ContainerKind {
  if (list === 'containers') return 'container';
  if (list === 'ephemeralContainers') return 'ephemeral';
  return fieldOf(container, 'restartPolicy') === 'Always' ? 'sidecar' : 'init';
}
