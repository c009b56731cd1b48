import { isKernelGossipError, type ContainerResources } from 'kernel-gossip-types';
import { pathOf, type KubeApi } from './kube-api.ts';
import { bareId, fieldOf, itemsOf, textOf } from './raw-fields.ts';
import type { ContainerFacts, PodFacts, ResizeCondition } from './remedy-facts.ts';
import { textsOf } from './text-map.ts';
import { workloadOf } from './workload.ts';

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

const LISTS = [
  ['initContainers', 'initContainerStatuses'],
  ['containers', 'containerStatuses'],
  ['ephemeralContainers', 'ephemeralContainerStatuses'],
] as const;
type List = (typeof LISTS)[number][0];

/** Null where it is no pod. */
export function podFactsOf(raw: unknown): PodFacts | null {
  const metadata = fieldOf(raw, 'metadata');
  const [namespace, name, uid] = ['namespace', 'name', 'uid'].map((key) => textOf(fieldOf(metadata, key)));
  if (!namespace || !name || !uid) return null;
  const annotations = textsOf(fieldOf(metadata, 'annotations'));
  return {
    namespace,
    name,
    uid,
    generation: numberOf(fieldOf(metadata, 'generation')),
    labels: textsOf(fieldOf(metadata, 'labels')),
    annotations,
    nodeName: textOf(fieldOf(raw, 'spec', 'nodeName')),
    phase: textOf(fieldOf(raw, 'status', 'phase')),
    qosClass: textOf(fieldOf(raw, 'status', 'qosClass')),
    restartPolicy: textOf(fieldOf(raw, 'spec', 'restartPolicy')),
    runtimeClass: textOf(fieldOf(raw, 'spec', 'runtimeClassName')),
    // A static pod's mirror has the hash of its file; whoever changes the mirror changes nothing.
    isStatic: 'kubernetes.io/config.mirror' in annotations,
    isGoing: textOf(fieldOf(metadata, 'deletionTimestamp')) !== null,
    workload: workloadOf(metadata),
    containers: LISTS.flatMap(([list, statuses]) => containersOf(raw, list, statuses)),
    resize: itemsOf(fieldOf(raw, 'status', 'conditions')).flatMap(resizeConditionOf),
  };
}

function containersOf(raw: unknown, list: List, statuses: string): readonly ContainerFacts[] {
  const known = itemsOf(fieldOf(raw, 'status', statuses));
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
        restartCount: numberOf(fieldOf(status, 'restartCount')) ?? 0,
      },
    ];
  });
}

function kindOf(list: List, container: unknown): ContainerFacts['kind'] {
  if (list === 'containers') return 'container';
  if (list === 'ephemeralContainers') return 'ephemeral';
  return fieldOf(container, 'restartPolicy') === 'Always' ? 'sidecar' : 'init';
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
      observedGeneration: numberOf(fieldOf(raw, 'observedGeneration')),
      since: textOf(fieldOf(raw, 'lastTransitionTime')),
    },
  ];
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
