import { pathOf, type KubeApi } from './kube-api.ts';

/** The body of a PATCH of `pods/resize`: a strategic merge, in which a container is found by its name. */
export interface ResizePatch {
  readonly spec: {
    readonly containers?: readonly ContainerPatch[];
    readonly initContainers?: readonly ContainerPatch[];
  };
}

export interface ContainerPatch {
  readonly name: string;
  readonly resources: {
    readonly limits?: Readonly<Record<string, string>>;
    readonly requests?: Readonly<Record<string, string>>;
  };
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Changes the resources of a running pod (KEP-1287). Throws what the API throws; `KG_STORE_INVALID` where it refuses. */
export type ResizePod = (pod: PodRef, patch: ResizePatch, signal: AbortSignal) => Promise<void>;

export const podResizer =
  (api: KubeApi): ResizePod =>
  async ({ namespace, name, uid }, patch, signal) => {
    await api.request({
      method: 'PATCH',
      path: pathOf('api', 'v1', 'namespaces', namespace, 'pods', name, 'resize'),
      query: { fieldManager: 'kernel-gossip' },
      contentType: 'application/strategic-merge-patch+json',
      // A pod of the same name that took its place has another UID, and is refused as a conflict.
      body: { metadata: { uid }, ...patch },
      signal,
    });
  };
