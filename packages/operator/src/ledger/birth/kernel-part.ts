import type { ContainerBirth, PodCreation, TimelineEntry } from 'kernel-gossip-types';
import type { Evidence } from '../evidence.ts';
import { toldSpec } from '../certificate-spec.ts';
import { byBeginning } from './container-roles.ts';
import type { DatedEntry, Gap, KernelPart, TracedContainer } from './birth-parts.ts';
import { microseconds, momentOf, type Microseconds } from './moment.ts';

/** What an observation says of a birth. Only one that tells containers and its own zero can be joined with others. */
export function kernelPart(evidence: Evidence<PodCreation>): KernelPart {
  const { observation } = evidence;
  const { began_at: beganAt, containers, timeline } = observation;
  if (beganAt === null || containers === null) return { kind: 'told', spec: toldSpec(evidence) };
  return {
    kind: 'traced',
    recordedAt: momentOf(observation.timestamp),
    provenance: observation.provenance,
    source: { name: evidence.source, node_name: evidence.nodeName, cgroup: observation.cgroup },
    containers: tracedContainers(containers, datedEntries(timeline ?? [], momentOf(beganAt))),
    gaps: gapsOf(containers, { lostEvents: observation.lost_events, incomplete: observation.incomplete }),
  };
}

/** What was missed, by the first of the containers that were told together. */
export function gapsOf(births: readonly ContainerBirth[], gap: Gap): ReadonlyMap<string, Gap> {
  const [first] = byBeginning(births);
  return new Map([[first === undefined ? '' : keyOf(first), gap]]);
}

export const datedEntries = (timeline: readonly TimelineEntry[], zero: Microseconds): readonly DatedEntry[] =>
  timeline.map(({ timestamp_ms, ...entry }) => ({ at: zero + microseconds(timestamp_ms), entry }));

/** What tells a container from the others of its pod; one named by hand may have no id. */
export const keyOf = ({ container_id, container_name, began_at }: ContainerBirth): string =>
  container_id ?? container_name ?? began_at;

/** Births with the entries that belong to each; '' has those of the pod as a whole. */
export function tracedContainers(
  births: readonly ContainerBirth[],
  entries: readonly DatedEntry[],
): ReadonlyMap<string, TracedContainer> {
  const byKey = Map.groupBy(entries, ({ entry }) => entry.container_id ?? '');
  const traced = new Map<string, TracedContainer>();
  for (const [key, own] of byKey) traced.set(key, { birth: null, entries: own });
  for (const birth of births) {
    const key = keyOf(birth);
    traced.set(key, { birth, entries: byKey.get(key) ?? [] });
  }
  return traced;
}
