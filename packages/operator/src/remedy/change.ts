import { RESOURCE_FIELDS, type ContainerResources, type ResourceField } from 'kernel-gossip-types';
import { coresText } from '../assess/words.ts';
import type { ContainerFacts, PodFacts } from '../cluster/remedy-facts.ts';
import type { ContainerPatch, ResizePatch } from '../cluster/resize-pod.ts';
import { memoryQuantity, sameQuantity, type RemedyResource } from './amounts.ts';

/**
 * The resources with another limit. In a Guaranteed pod the request goes with it: its class may not change
 * (KEP-1287), and it is Guaranteed only while both are the same.
 */
export function withLimit(
  resources: ContainerResources,
  resource: RemedyResource,
  limit: number,
  qosClass: string | null,
): ContainerResources {
  const quantity = resource === 'cpu' ? coresText(limit) : memoryQuantity(limit);
  const alsoRequest = qosClass === 'Guaranteed';
  return resource === 'cpu'
    ? { ...resources, cpu_limit: quantity, ...(alsoRequest ? { cpu_request: quantity } : {}) }
    : { ...resources, memory_limit: quantity, ...(alsoRequest ? { memory_request: quantity } : {}) };
}

/** The resources as they are, but for those that a remedy of this kind is about: what others change beside it stays. */
export const withOwn = (
  current: ContainerResources,
  wanted: ContainerResources,
  resource: RemedyResource,
): ContainerResources =>
  resource === 'cpu'
    ? { ...current, cpu_limit: wanted.cpu_limit, cpu_request: wanted.cpu_request }
    : { ...current, memory_limit: wanted.memory_limit, memory_request: wanted.memory_request };

export const sameResources = (one: ContainerResources, other: ContainerResources): boolean =>
  RESOURCE_FIELDS.every((field) => sameQuantity(one[field], other[field]));

/** Whether what the kubelet says is in force agrees with what was asked for, as far as both speak. */
export const isActuated = (actual: ContainerResources, wanted: ContainerResources): boolean =>
  RESOURCE_FIELDS.every((field) => actual[field] === null || sameQuantity(actual[field], wanted[field]));

/** What to send to `pods/resize` to get from one to the other: only what changes. */
export function resizePatch(
  { name, kind }: Pick<ContainerFacts, 'name' | 'kind'>,
  from: ContainerResources,
  to: ContainerResources,
): ResizePatch {
  const patch = containerPatch(name, from, to);
  return { spec: kind === 'sidecar' ? { initContainers: [patch] } : { containers: [patch] } };
}

function containerPatch(name: string, from: ContainerResources, to: ContainerResources): ContainerPatch {
  const changed = (field: ResourceField): string | null =>
    sameQuantity(from[field], to[field]) ? null : to[field];
  const limits = quantities({ cpu: changed('cpu_limit'), memory: changed('memory_limit') });
  const requests = quantities({ cpu: changed('cpu_request'), memory: changed('memory_request') });
  return {
    name,
    resources: {
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
      ...(Object.keys(requests).length === 0 ? {} : { requests }),
    },
  };
}

const quantities = (given: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null));

/** The same change in the template that the pod was made from, as a strategic merge patch. */
export const templatePatch = (patch: ResizePatch): string => JSON.stringify({ spec: { template: patch } });

type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** The class that a pod has by its containers' resources (kubernetes.io: "Configure Quality of Service for Pods"). */
export function qosClassOf(containers: readonly ContainerResources[]): QosClass {
  const isSet = (quantity: string | null): boolean => quantity !== null && !sameQuantity(quantity, '0');
  if (!containers.some((resources) => RESOURCE_FIELDS.some((field) => isSet(resources[field]))))
    return 'BestEffort';
  const isGuaranteed = containers.every(
    (resources) =>
      isSet(resources.cpu_limit) &&
      isSet(resources.memory_limit) &&
      sameQuantity(resources.cpu_limit, resources.cpu_request) &&
      sameQuantity(resources.memory_limit, resources.memory_request),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

/** The resources of all containers that count for the class, with those of one replaced. */
export const resourcesWith = (
  pod: PodFacts,
  containerName: string,
  to: ContainerResources,
): readonly ContainerResources[] =>
  pod.containers
    .filter(({ kind }) => kind !== 'ephemeral')
    .map(({ name, resources }) => (name === containerName ? to : resources));
