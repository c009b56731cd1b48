import {
  CONTAINER_LISTS,
  kindOf,
  STATUSES,
  type ContainerKind,
  type ContainerList,
} from './container-kind.ts';
import { bareId, fieldOf, itemsOf, numberOf, textOf } from './raw-fields.ts';

/** The first run of a container: whatever came after it was a restart. */
export interface FirstRun {
  readonly name: string;
  readonly kind: ContainerKind;
  /** The id that the runtime gave to the first run; null while it is not known, and where it never was. */
  readonly id: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** Conditions of a pod that tell of its birth, and when each became true for the first time, in RFC 3339. */
export interface BirthConditions {
  readonly PodScheduled: string | null;
  readonly PodReadyToStartContainers: string | null;
  readonly Initialized: string | null;
  readonly ContainersReady: string | null;
  readonly Ready: string | null;
}

/** Kubernetes' own times of a pod's birth. All but those of events are whole seconds (metav1.Time). */
export interface PodTimes {
  readonly createdAt: string | null;
  readonly conditions: BirthConditions;
  readonly containers: readonly FirstRun[];
  /** `up` once it was Ready, `ended` where it came to its end (phase Succeeded or Failed) without. */
  readonly state: 'coming-up' | 'up' | 'ended';
  /** Whether it was seen before all of its containers had been made, and so whether its conditions tell of its birth. */
  readonly seenUnborn: boolean;
}

/** Of a pod's JSON, its times. */
export const podTimes = (raw: unknown): PodTimes => {
  const conditions = conditionsOf(raw);
  const isUnborn = textOf(fieldOf(raw, 'status', 'phase')) === 'Pending' && !hasRestarts(raw);
  return {
    createdAt: textOf(fieldOf(raw, 'metadata', 'creationTimestamp')),
    conditions,
    containers: CONTAINER_LISTS.flatMap((list) => firstRuns(raw, list)),
    state: stateOf(raw, conditions),
    seenUnborn: isUnborn,
  };
};

const conditionsOf = (raw: unknown): BirthConditions => {
  const all = itemsOf(fieldOf(raw, 'status', 'conditions'));
  const since = (type: keyof BirthConditions): string | null => {
    const found = all.find((one) => fieldOf(one, 'type') === type && fieldOf(one, 'status') === 'True');
    return textOf(fieldOf(found, 'lastTransitionTime'));
  };
  return {
    PodScheduled: since('PodScheduled'),
    PodReadyToStartContainers: since('PodReadyToStartContainers'),
    Initialized: since('Initialized'),
    ContainersReady: since('ContainersReady'),
    Ready: since('Ready'),
  };
};

function stateOf(raw: unknown, { Ready }: BirthConditions): PodTimes['state'] {
  if (Ready !== null) return 'up';
  const phase = textOf(fieldOf(raw, 'status', 'phase'));
  return phase === 'Succeeded' || phase === 'Failed' ? 'ended' : 'coming-up';
}

const statusesOf = (raw: unknown, list: ContainerList): readonly unknown[] =>
  itemsOf(fieldOf(raw, 'status', STATUSES[list]));

const restartsOf = (status: unknown): number => numberOf(fieldOf(status, 'restartCount')) ?? 0;

const hasRestarts = (raw: unknown): boolean =>
  CONTAINER_LISTS.flatMap((list) => statusesOf(raw, list)).some((status) => restartsOf(status) > 0);

function firstRuns(raw: unknown, list: ContainerList): readonly FirstRun[] {
  const statuses = statusesOf(raw, list);
  return itemsOf(fieldOf(raw, 'spec', list)).flatMap((container): readonly FirstRun[] => {
    const name = textOf(fieldOf(container, 'name'));
    if (name === null) return [];
    const status = statuses.find((one) => fieldOf(one, 'name') === name);
    return [{ name, kind: kindOf(list, container), ...firstRunOf(status) }];
  });
}

/** Kubelet counts restarts: at none, the state is that of the first run, at one, the last state; later, it is forgotten. */
function firstRunOf(status: unknown): Pick<FirstRun, 'id' | 'startedAt' | 'finishedAt'> {
  const restarts = restartsOf(status);
  const ended = fieldOf(status, restarts === 0 ? 'state' : 'lastState', 'terminated');
  const running = restarts === 0 ? fieldOf(status, 'state', 'running') : undefined;
  const current = restarts === 0 ? bareId(fieldOf(status, 'containerID')) : null;
  const isKnown = restarts <= 1;
  return {
    id: isKnown ? (current ?? bareId(fieldOf(ended, 'containerID'))) : null,
    startedAt: isKnown ? textOf(fieldOf(running ?? ended, 'startedAt')) : null,
    finishedAt: isKnown ? textOf(fieldOf(ended, 'finishedAt')) : null,
  };
}

/** What was seen first stays: a condition that turns true a second time, or a second run, tells of no birth. */
export function laterTimes(before: PodTimes | undefined, after: PodTimes): PodTimes {
  if (before === undefined) return after;
  return {
    createdAt: before.createdAt ?? after.createdAt,
    conditions: firstConditions(before.conditions, after.conditions),
    containers: after.containers.map((container) => {
      const known = before.containers.find(({ name }) => name === container.name);
      return known === undefined ? container : firstOf(known, container);
    }),
    state: before.state === 'coming-up' ? after.state : before.state,
    seenUnborn: before.seenUnborn || after.seenUnborn,
  };
}

const firstConditions = (before: BirthConditions, after: BirthConditions): BirthConditions => ({
  PodScheduled: before.PodScheduled ?? after.PodScheduled,
  PodReadyToStartContainers: before.PodReadyToStartContainers ?? after.PodReadyToStartContainers,
  Initialized: before.Initialized ?? after.Initialized,
  ContainersReady: before.ContainersReady ?? after.ContainersReady,
  Ready: before.Ready ?? after.Ready,
});

const firstOf = (before: FirstRun, after: FirstRun): FirstRun => ({
  name: after.name,
  kind: after.kind,
  id: before.id ?? after.id,
  startedAt: before.startedAt ?? after.startedAt,
  finishedAt: before.finishedAt ?? after.finishedAt,
});
