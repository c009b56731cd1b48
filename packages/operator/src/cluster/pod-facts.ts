import { isKernelGossipError, type ContainerResources } from 'kernel-gossip-types';
import { CONTAINER_LISTS, kindOf, STATUSES, type ContainerList } from './container-kind.ts';
import { pathOf, type KubeApi } from './kube-api.ts';
import { bareId, fieldOf, itemsOf, textOf } from './raw-fields.ts';
import type { ContainerFacts, PodFacts, ResizeCondition } from './remedy-facts.ts';
import { workloadOf } from './workload.ts';

export type ReadPodFacts = (
  pod: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
) => Promise<PodFacts | null>;

/** The pod as the API server has it now, not as a watch last told it; null where it is gone. */
export async function readPodFacts(
  api: KubeApi,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<PodFacts | null> {
  try {
    return podFactsOf(
      await api.request({
        method: 'GET',
        path: pathOf('api', 'v1', 'namespaces', namespace, 'pods', name),
        signal,
      }),
    );
  } catch (error) {
    if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) return null;
    throw error;
  }
}

/** Null where it is no pod. */
export function podFactsOf(raw: unknown): PodFacts | null {
  const metadata = fieldOf(raw, 'metadata');
  const [namespace, name, uid] = ['namespace', 'name', 'uid'].map((key) => textOf(fieldOf(metadata, key)));
  if (!namespace || !name || !uid) return null;
  return {
    namespace,
    name,
    uid,
    nodeName: textOf(fieldOf(raw, 'spec', 'nodeName')),
    phase: textOf(fieldOf(raw, 'status', 'phase')),
    qosClass: textOf(fieldOf(raw, 'status', 'qosClass')),
    runtimeClass: textOf(fieldOf(raw, 'spec', 'runtimeClassName')),
    // A static pod's mirror has the hash of its file; whoever changes the mirror changes nothing.
    isStatic: textOf(fieldOf(metadata, 'annotations', 'kubernetes.io/config.mirror')) !== null,
    isGoing: textOf(fieldOf(metadata, 'deletionTimestamp')) !== null,
    workload: workloadOf(metadata),
    containers: CONTAINER_LISTS.flatMap((list) => containersOf(raw, list)),
    resize: itemsOf(fieldOf(raw, 'status', 'conditions')).flatMap(resizeConditionOf),
  };
}

function containersOf(raw: unknown, list: ContainerList): readonly ContainerFacts[] {
  const known = itemsOf(fieldOf(raw, 'status', STATUSES[list]));
  return itemsOf(fieldOf(raw, 'spec', list)).flatMap((container): readonly ContainerFacts[] => {
    const name = textOf(fieldOf(container, 'name'));
    if (name === null) return [];
    const status = known.find((one) => fieldOf(one, 'name') === name);
    const actual = fieldOf(status, 'resources');
    return [
      {
        name,
        kind: kindOf(list, container),
        resources: resourcesOf(fieldOf(container, 'resources')),
        actual: actual === undefined ? null : resourcesOf(actual),
        restarts: restartsOf(container),
        id: bareId(fieldOf(status, 'containerID')),
      },
    ];
  });
}

const resourcesOf = (raw: unknown): ContainerResources => ({
  cpu_limit: textOf(fieldOf(raw, 'limits', 'cpu')),
  cpu_request: textOf(fieldOf(raw, 'requests', 'cpu')),
  memory_limit: textOf(fieldOf(raw, 'limits', 'memory')),
  memory_request: textOf(fieldOf(raw, 'requests', 'memory')),
});

function restartsOf(container: unknown): ContainerFacts['restarts'] {
  const policies = itemsOf(fieldOf(container, 'resizePolicy'));
  const restarts = (resource: string): boolean =>
    policies.some(
      (policy) =>
        fieldOf(policy, 'resourceName') === resource &&
        fieldOf(policy, 'restartPolicy') === 'RestartContainer',
    );
  return { cpu: restarts('cpu'), memory: restarts('memory') };
}

function resizeConditionOf(raw: unknown): readonly ResizeCondition[] {
  const type = fieldOf(raw, 'type');
  if (type !== 'PodResizePending' && type !== 'PodResizeInProgress') return [];
  if (fieldOf(raw, 'status') !== 'True') return [];
  return [
    {
      type,
      reason: textOf(fieldOf(raw, 'reason')) ?? '',
      message: textOf(fieldOf(raw, 'message')) ?? '',
      since: textOf(fieldOf(raw, 'lastTransitionTime')),
    },
  ];
}
