import type { Actor, PodBirthCertificateSpec, TimelineClock } from 'kernel-gossip-types';
import type { PodEvent, PodEvents } from '../../cluster/events.ts';
import type { PodBirth } from '../../cluster/pod-births.ts';
import type { BirthConditions, FirstRun, PodTimes } from '../../cluster/pod-times.ts';
import type { DatedEntry, KubernetesPart, NamedContainer } from './birth-parts.ts';
import { pulledIn } from './image-pull.ts';
import { momentOf } from './moment.ts';

export const FROM_METADATA = 'pod metadata';
export const FROM_STATUS = 'pod status';
export const FROM_EVENT = 'event';

/** Sources of the entries that Kubernetes' part of a certificate is made of. */
export const KUBERNETES_SOURCES: readonly (string | null)[] = [FROM_METADATA, FROM_STATUS, FROM_EVENT];

/** metav1.Time is RFC 3339 with whole seconds, cut off: the moment lies in the second after it. */
const WHOLE_SECOND_MS = 1000;

/** What Kubernetes says of a pod's birth; `events` is null while they have not been read. */
export const kubernetesPart = ({ pod, times }: PodBirth, events: PodEvents | null): KubernetesPart => ({
  entries: [...timesOf(times, missingOf(events)), ...(events === null ? [] : eventEntries(events))],
  containers: namedContainers(pod.containers, times.containers),
  expected: times.containers.flatMap(({ name, kind }) => (kind === 'ephemeral' ? [] : [name])),
  nodeName: pod.nodeName,
});

const NOT_READ = 'Events were not read: ';

/** Whether a certificate has what a pod's events say, or says why not. */
export const tellsOfEvents = ({ timeline }: PodBirthCertificateSpec): boolean =>
  (timeline ?? []).some(
    ({ source, details }) =>
      source === FROM_EVENT || (source === FROM_METADATA && details?.startsWith(NOT_READ) === true),
  );

const missingOf = (events: PodEvents | null): string | null =>
  events !== null && 'missing' in events ? `${NOT_READ}${events.missing}.` : null;

interface Said {
  readonly actor: Actor;
  readonly action: string;
  readonly clock: TimelineClock;
  readonly source: string;
  readonly container?: string | null;
  readonly resolutionMs?: number;
  readonly durationMs?: number | null;
  readonly details?: string | null;
}

const said = (at: string, what: Said): DatedEntry => ({
  at: momentOf(at),
  entry: {
    actor: what.actor,
    action: what.action,
    duration_ms: what.durationMs ?? null,
    resolution_ms: what.resolutionMs ?? WHOLE_SECOND_MS,
    clock: what.clock,
    source: what.source,
    container_id: null,
    container_name: what.container ?? null,
    details: what.details ?? null,
  },
});

/** PodScheduled is set by the API server when it takes the binding, the others by kubelet. */
const CONDITIONS: Readonly<Record<keyof BirthConditions, Omit<Said, 'source'>>> = {
  PodScheduled: { actor: 'scheduler', action: 'assign the pod to a node', clock: 'control-plane' },
  PodReadyToStartContainers: { actor: 'kubelet', action: 'report the sandbox ready', clock: 'node' },
  Initialized: { actor: 'kubelet', action: 'report the pod initialized', clock: 'node' },
  ContainersReady: { actor: 'kubelet', action: 'report the containers ready', clock: 'node' },
  Ready: { actor: 'kubelet', action: 'report the pod ready', clock: 'node' },
};

/** Conditions that may turn true again later, so that they tell of the birth only where it was watched. */
const MAY_TURN_AGAIN: readonly string[] = [
  'PodReadyToStartContainers',
  'Initialized',
  'ContainersReady',
  'Ready',
];

const timesOf = (times: PodTimes, details: string | null): readonly DatedEntry[] => [
  ...(times.createdAt === null
    ? []
    : [
        said(times.createdAt, {
          actor: 'apiserver',
          action: 'accept the pod',
          clock: 'control-plane',
          source: FROM_METADATA,
          details,
        }),
      ]),
  ...(Object.keys(CONDITIONS) as (keyof BirthConditions)[]).flatMap((type) => {
    const at = times.conditions[type];
    if (at === null || (MAY_TURN_AGAIN.includes(type) && !times.seenUnborn)) return [];
    return [said(at, { ...CONDITIONS[type], source: FROM_STATUS })];
  }),
  ...times.containers.flatMap(runEntries),
];

/** An ephemeral container is no part of a birth, and the end of any but an init container is none either. */
function runEntries({ name, kind, startedAt, finishedAt }: FirstRun): readonly DatedEntry[] {
  if (kind === 'ephemeral') return [];
  const by = { actor: 'kubelet', clock: 'node', source: FROM_STATUS, container: name } as const;
  return [
    ...(startedAt === null ? [] : [said(startedAt, { ...by, action: 'report the container started' })]),
    ...(finishedAt === null || kind !== 'init'
      ? []
      : [said(finishedAt, { ...by, action: 'report the init container ended' })]),
  ];
}

function namedContainers(
  names: ReadonlyMap<string, string>,
  runs: readonly FirstRun[],
): ReadonlyMap<string, NamedContainer> {
  const firsts = runs.flatMap(({ id, name, kind }) =>
    id === null ? [] : [[id, { name, role: kind }] as const],
  );
  const restarts = [...names].map(([id, name]) => [id, { name, role: 'restart' }] as const);
  return new Map<string, NamedContainer>([...restarts, ...firsts]);
}

const eventEntries = (read: PodEvents): readonly DatedEntry[] => {
  if ('missing' in read) return [];
  const pulling = read.events.filter(({ reason }) => reason === 'Pulling');
  return read.events.flatMap((event): readonly DatedEntry[] => {
    switch (event.reason) {
      case 'Scheduled':
        return [entryOf(event, { actor: 'scheduler', action: 'assign the pod to a node' })];
      case 'FailedScheduling':
        return [
          entryOf(event, { actor: 'scheduler', action: 'find no node for the pod', details: event.note }),
        ];
      case 'FailedCreatePodSandBox':
        return [
          entryOf(event, { actor: 'kubelet', action: 'fail to make the sandbox', details: event.note }),
        ];
      case 'Pulled':
        return [pullEntry(event, pulling)];
      default:
        return [];
    }
  });
};

const LONGEST_DETAILS = 1024;

const entryOf = (
  { at, resolutionMs, containerName }: PodEvent,
  what: Pick<Said, 'actor' | 'action'> & Partial<Said>,
): DatedEntry =>
  said(at, {
    clock: what.actor === 'scheduler' ? 'control-plane' : 'node',
    source: FROM_EVENT,
    resolutionMs,
    container: containerName,
    ...what,
    details: what.details?.slice(0, LONGEST_DETAILS) ?? null,
  });

/** Kubelet tells of a pull twice: when it begins, and when it is over, with how long it took. */
function pullEntry(pulled: PodEvent, pulling: readonly PodEvent[]): DatedEntry {
  const durationMs = pulledIn(pulled.note);
  if (durationMs === null) return entryOf(pulled, { actor: 'kubelet', action: 'find the image on the node' });
  const began = pulling.find(({ containerName }) => containerName === pulled.containerName);
  return entryOf(began ?? pulled, {
    actor: 'kubelet',
    action: began === undefined ? 'have pulled the image' : 'pull the image',
    durationMs: began === undefined ? null : durationMs,
    details: pulled.note,
  });
}
