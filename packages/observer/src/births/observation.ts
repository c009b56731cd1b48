import type { PodCreation } from 'kernel-gossip-types';
import type { Sender } from '../sender.ts';
import { subjectOf, type Subject } from '../identify/subject.ts';
import { identify } from '../identify/identify.ts';
import type { Birth } from './birth.ts';
import {
  milliseconds,
  reasonText,
  toContainerBirth,
  type ContainerBirthMessage,
} from './container-message.ts';
import { sumOf } from './counters.ts';
import type { PodBirths } from './pod-births.ts';
import { timelineOf, type TimelineMessage } from './timeline.ts';
import { wallTime } from './wall-clock.ts';

/** A `pod_creation` observation as this observer sends it: everything that it saw of the pod's births so far. */
export type PodCreationMessage = Partial<Omit<PodCreation, 'containers' | 'timeline'>> &
  Subject &
  Pick<PodCreation, 'type' | 'timestamp' | 'provenance'> & {
    readonly node_name?: string;
    readonly containers: readonly ContainerBirthMessage[];
    readonly timeline: readonly TimelineMessage[];
  };

const MOST_ENTRIES = 256;

/** Whom the births are of; null where nobody could say: a pod's UID is for the operator, names are for a machine without one. */
function subjectOfPod({ key, path }: PodBirths, localNames: boolean): Subject | null {
  const identity = identify(path ?? '');
  if (identity.podUid === null && path !== null) return localNames ? subjectOf(identity, path, true) : null;
  const pod = { ...identity, level: 'pod' as const, podUid: key, containerId: null };
  return subjectOf(pod, path ?? '', localNames);
}

const isOfPod = (births: readonly Birth[]): boolean => births.some((birth) => birth.isOfPod);

/** Why sums over its births are not the pod's. */
function gaps(pod: PodBirths, births: readonly Birth[]): readonly string[] {
  const isBeginningSeen =
    pod.groupMadeAtUs !== null || births.some((birth) => birth.isSandbox) || !isOfPod(births);
  return [
    ...(isBeginningSeen ? [] : ["the beginning of the pod's birth was not seen"]),
    ...(pod.forgotten === 0 ? [] : [`${pod.forgotten} earlier births are left out`]),
  ];
}

const namesOf = (births: readonly Birth[]): readonly string[] =>
  [...new Set(births.flatMap(({ counters }) => Object.keys(counters.by ?? {})))].sort().slice(0, 512);

type Totals = Pick<
  PodCreationMessage,
  | 'total_syscalls'
  | 'syscalls'
  | 'namespaces_created'
  | 'cgroups_created'
  | 'cgroup_writes'
  | 'mounts'
  | 'network_links'
  | 'network_routes'
  | 'iptables_rules'
>;

/** The pod's own cgroups, which are made before any process of a birth runs. */
function groupsOfPod(pod: PodBirths, births: readonly Birth[]): number | null {
  return pod.groupMadeAtUs === null && isOfPod(births) ? null : pod.groups;
}

function totals(
  pod: PodBirths,
  births: readonly Birth[],
  containers: readonly ContainerBirthMessage[],
): Totals {
  const isWhole = gaps(pod, births).length === 0;
  const sum = (figureOf: (container: ContainerBirthMessage) => number | null | undefined): number | null =>
    isWhole ? sumOf(containers.map((container) => figureOf(container) ?? null)) : null;
  const total = sum(({ total_syscalls: figure }) => figure);
  return {
    total_syscalls: total,
    syscalls: total === null ? null : namesOf(births),
    namespaces_created: sum(({ namespaces }) => namespaces?.length),
    cgroups_created: sumOf([sum(({ cgroups_created: figure }) => figure), groupsOfPod(pod, births)]),
    cgroup_writes: sum(({ cgroup_writes: figure }) => figure),
    mounts: sum(({ mounts }) => mounts),
    network_links: sum(({ network_links: figure }) => figure),
    network_routes: sum(({ network_routes: figure }) => figure),
    iptables_rules: sum(({ iptables_rules: figure }) => figure),
  };
}

/** The earliest that is known: what happens on two CPUs may be told in another order than its times are in. */
const beginningOf = (pod: PodBirths, births: readonly Birth[]): number =>
  Math.min(
    pod.beganAtUs,
    ...births.flatMap(({ beganAtUs, entry, steps }) => [
      beganAtUs,
      entry?.atUs ?? beganAtUs,
      ...steps.map((step) => step.beganAtUs),
    ]),
  );

/** From the beginning to the last first program; null where none ran. */
function durationMs(births: readonly Birth[], zeroUs: number): number | null {
  const entered = births.flatMap(({ entry }) => (entry === null ? [] : [entry.atUs]));
  return entered.length === 0 ? null : milliseconds(Math.max(...entered) - zeroUs);
}

/**
 * Puts a pod's complete births into the words of the wire; null where there are none, or where only a pod may be told of
 * and there is none. Sums are null where one of their parts is.
 */
export function toPodCreation(
  pod: PodBirths,
  localNames: boolean,
  sender: Sender,
): PodCreationMessage | null {
  const subject = subjectOfPod(pod, localNames);
  const births = [...pod.births.values()]
    .filter(({ isComplete }) => isComplete)
    .sort((a, b) => a.beganAtUs - b.beganAtUs);
  const last = births.at(-1);
  if (subject === null || last === undefined) return null;
  const containers = births.map((birth) => toContainerBirth(birth, pod, localNames));
  const zeroUs = beginningOf(pod, births);
  const timeline = timelineOf(pod, births, zeroUs);
  const isCut = timeline.length > MOST_ENTRIES;
  return {
    type: 'pod_creation',
    ...subject,
    ...(sender.nodeName === null ? {} : { node_name: sender.nodeName }),
    ...(pod.path === null ? {} : { cgroup: pod.path }),
    timestamp: wallTime(Math.max(...births.map(({ completedAtUs }) => completedAtUs ?? 0)), last.offset),
    source: sender.source,
    provenance: 'measured',
    ...totals(pod, births, containers),
    began_at: wallTime(zeroUs, pod.offset),
    duration_ms: durationMs(births, zeroUs),
    containers,
    timeline: timeline.slice(0, MOST_ENTRIES),
    lost_events: pod.lostEvents,
    incomplete: reasonText([
      ...gaps(pod, births),
      ...(isCut ? [`the timeline has the first ${MOST_ENTRIES} of ${timeline.length} entries`] : []),
      ...births.flatMap(({ reasons }) => [...reasons]),
    ]),
  };
}
