import {
  isUnknown,
  lastingContainers,
  type Amounts,
  type PodFacts,
  type Surroundings,
} from '../cluster/remedy-facts.ts';
import type { ContainerResources, RemediationLimits } from 'kernel-gossip-types';
import { limitOf, requestOf, type RemedyResource } from './amounts.ts';

/** A limit may not go above this, for this reason. */
export interface Bound {
  readonly name: 'PolicyBound' | 'LimitRange' | 'ResourceQuota' | 'NodeRoom';
  /** In cores or bytes. */
  readonly most: number;
  readonly why: string;
}

export interface BoundsFor {
  readonly resource: RemedyResource;
  readonly pod: PodFacts;
  readonly surroundings: Surroundings;
  readonly limits: RemediationLimits;
  /** What the container has now, and what it had before the first step. */
  readonly current: ContainerResources;
  readonly originalLimit: number;
}

/** Everything that bounds a limit. What could not be found out bounds nothing here: it fails its check. */
export const boundsOf = (given: BoundsFor): readonly Bound[] => [
  ...policyBounds(given),
  ...limitRangeBounds(given),
  ...quotaBounds(given),
  ...nodeBounds(given),
];

function policyBounds({ resource, limits, originalLimit }: BoundsFor): readonly Bound[] {
  const absolute = resource === 'cpu' ? limits.max_cpu_cores : limits.max_memory_bytes;
  const factor: Bound = {
    name: 'PolicyBound',
    most: originalLimit * limits.max_factor,
    why: `${limits.max_factor} times what it began with (max_factor)`,
  };
  return absolute === null
    ? [factor]
    : [factor, { name: 'PolicyBound', most: absolute, why: 'the upper bound of the policy' }];
}

function limitRangeBounds({ resource, pod, surroundings, current }: BoundsFor): readonly Bound[] {
  if (isUnknown(surroundings.limitRanges)) return [];
  const request = requestOf(resource, current);
  const others = sumOf(pod, (resources) => limitOf(resource, resources)) - (limitOf(resource, current) ?? 0);
  return surroundings.limitRanges.flatMap(({ name, type, max, maxRatio }): readonly Bound[] => {
    const [most, ratio] = [max[resource], maxRatio[resource]];
    const taken = type === 'Pod' ? others : 0;
    return [
      ...(most === null
        ? []
        : [
            { name: 'LimitRange' as const, most: most - taken, why: `LimitRange ${name} (max of a ${type})` },
          ]),
      ...(ratio === null || request === null || type === 'Pod'
        ? []
        : [
            {
              name: 'LimitRange' as const,
              most: request * ratio,
              why: `LimitRange ${name} (maxLimitRequestRatio ${ratio})`,
            },
          ]),
    ];
  });
}

function sumOf(pod: PodFacts, amount: (resources: ContainerResources) => number | null): number {
  return lastingContainers(pod).reduce((sum, { resources }) => sum + (amount(resources) ?? 0), 0);
}

function quotaBounds({ resource, pod, surroundings, current }: BoundsFor): readonly Bound[] {
  if (isUnknown(surroundings.quotas)) return [];
  const limit = limitOf(resource, current) ?? 0;
  const left = (name: string, amounts: Amounts, what: string): readonly Bound[] => {
    const room = amounts[resource];
    return room === null
      ? []
      : [{ name: 'ResourceQuota', most: limit + Math.max(0, room), why: `ResourceQuota ${name} (${what})` }];
  };
  return surroundings.quotas.flatMap(({ name, limitsLeft, requestsLeft }) => [
    ...left(name, limitsLeft, 'limits'),
    ...(pod.qosClass === 'Guaranteed' ? left(name, requestsLeft, 'requests') : []),
  ]);
}

/** A limit that the node cannot serve beside what its other pods asked for would only move the trouble to them. */
function nodeBounds({ resource, pod, surroundings }: BoundsFor): readonly Bound[] {
  if (isUnknown(surroundings.node)) return [];
  const { name, allocatable, requested } = surroundings.node;
  const whole = allocatable[resource];
  if (whole === null) return [];
  const own = sumOf(pod, (resources) => requestOf(resource, resources));
  const neighbours = Math.max(0, requested[resource] - own);
  return [
    {
      name: 'NodeRoom',
      most: whole - neighbours,
      why: `node ${name} has no more beside what its other pods ask for`,
    },
  ];
}

/** The bound that comes first; null where there is none. */
export const tightest = (bounds: readonly Bound[]): Bound | null =>
  bounds.reduce<Bound | null>(
    (least, bound) => (least !== null && least.most <= bound.most ? least : bound),
    null,
  );
