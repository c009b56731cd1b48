import type { ContainerBirth, PodBirthCertificateSpec, TimelineEntry } from 'kernel-gossip-types';
import type { PodIdentity } from '../evidence.ts';
import type { Birth, DatedEntry, Gap, KubernetesPart, TracedBirth } from './birth-parts.ts';
import { isPartOfBirth, withRoles } from './container-roles.ts';
import { joinGaps } from './join-births.ts';
import { keyOf } from './kernel-part.ts';
import { kernelTotals, NOTHING_MEASURED } from './kernel-totals.ts';
import { millisecondsBetween, momentOf, textOfMoment, type Microseconds } from './moment.ts';

export const KUBERNETES_API = 'kubernetes-api';

/** A container that crashes all the time would make a certificate longer and written each time; its first restarts are enough. */
const MOST_RESTARTS = 8;
/** As many as the codecs take. */
const MOST_CONTAINERS = 64;
const MOST_ENTRIES = 256;

/**
 * The spec of a certificate from all that is known of a birth; null where nothing of it is a birth, such as a restart
 * of a container whose pod was born before anybody looked. Pure, and made anew from the certificate it gives
 * (`birthOnCertificate`) it is the same.
 */
export function composeCertificate(
  pod: PodIdentity,
  { kernel, kubernetes }: Birth,
): PodBirthCertificateSpec | null {
  if (kernel === null) return kubernetes === null ? null : fromKubernetes(pod, kubernetes);
  if (kernel.kind === 'told') return kernel.spec;
  // What is made up or played again has no part in what Kubernetes says of the real pod.
  return fromKernel(pod, kernel, kernel.provenance === 'measured' ? kubernetes : null);
}

const subjectOf = ({
  name,
  namespace,
  uid,
}: PodIdentity): Pick<PodBirthCertificateSpec, 'pod_name' | 'namespace' | 'pod_uid'> => ({
  pod_name: name,
  namespace,
  pod_uid: uid,
});

function fromKubernetes(
  pod: PodIdentity,
  { entries, nodeName }: KubernetesPart,
): PodBirthCertificateSpec | null {
  const moments = entries.map(({ at }) => at);
  const zero = earliest(moments);
  if (zero === null) return null;
  return {
    ...subjectOf(pod),
    recorded_at: textOfMoment(Math.max(...moments)),
    provenance: 'measured',
    source: { name: KUBERNETES_API, node_name: nodeName, cgroup: null },
    timeline: timelineOf(entries, zero),
    kernel_stats: { ...NOTHING_MEASURED, lost_events: null },
    began_at: textOfMoment(zero),
    kernel_began_at: null,
    containers: null,
    incomplete: null,
  };
}

function fromKernel(
  pod: PodIdentity,
  kernel: TracedBirth,
  kubernetes: KubernetesPart | null,
): PodBirthCertificateSpec | null {
  const births = keptBirths(kernel, kubernetes);
  const parts = births.filter(isPartOfBirth);
  if (births.length > 0 && parts.length === 0) return null;
  const entries = [...kernelEntries(kernel, births), ...(kubernetes?.entries ?? [])];
  const began = parts.map(({ began_at }) => momentOf(began_at));
  const zero = earliest([...entries.map(({ at }) => at), ...began]);
  if (zero === null) return null;
  const kernelBegan = earliest(began);
  const gap = gapOf(kernel, parts);
  return {
    ...subjectOf(pod),
    recorded_at: textOfMoment(kernel.recordedAt),
    provenance: kernel.provenance,
    source: kernel.source,
    timeline: entries.length === 0 ? null : timelineOf(entries, zero),
    kernel_stats: { ...kernelTotals(parts, kubernetes?.expected ?? null), lost_events: gap.lostEvents },
    began_at: textOfMoment(zero),
    kernel_began_at: kernelBegan === null ? null : textOfMoment(kernelBegan),
    containers: births,
    incomplete: gap.incomplete,
  };
}

const NO_GAP: Gap = { lostEvents: null, incomplete: null };

function gapOf({ gaps }: TracedBirth, parts: readonly ContainerBirth[]): Gap {
  const keys = new Set(['', ...parts.map(keyOf)]);
  return [...gaps].reduce((all, [key, gap]) => (keys.has(key) ? joinGaps(all, gap) : all), NO_GAP);
}

const earliest = (moments: readonly Microseconds[]): Microseconds | null =>
  moments.length === 0 ? null : Math.min(...moments);

function keptBirths(
  { containers }: TracedBirth,
  kubernetes: KubernetesPart | null,
): readonly ContainerBirth[] {
  const births = withRoles(
    [...containers.values()].flatMap(({ birth }) => (birth === null ? [] : [birth])),
    kubernetes,
  );
  const tooMany = births.filter((birth) => !isPartOfBirth(birth)).slice(MOST_RESTARTS);
  return births.filter((birth) => !tooMany.includes(birth)).slice(0, MOST_CONTAINERS);
}

/** The kernel's entries, without those of containers that are no part of the birth, each with its container's name. */
function kernelEntries(kernel: TracedBirth, births: readonly ContainerBirth[]): readonly DatedEntry[] {
  const entries = [...kernel.containers.values()].flatMap((container) => container.entries);
  const known = new Map(
    births.flatMap((birth) => (birth.container_id === null ? [] : [[birth.container_id, birth]])),
  );
  const traced = new Set([...kernel.containers].flatMap(([id, { birth }]) => (birth === null ? [] : [id])));
  return entries.flatMap(({ at, entry }) => {
    const id = entry.container_id;
    const birth = id === null ? undefined : known.get(id);
    const isLeftOut = birth === undefined ? id !== null && traced.has(id) : !isPartOfBirth(birth);
    if (isLeftOut) return [];
    return [{ at, entry: { ...entry, container_name: birth?.container_name ?? entry.container_name } }];
  });
}

/** In the order of their own times. Of more entries than a certificate has room for, those that took longest stay. */
function timelineOf(entries: readonly DatedEntry[], zero: Microseconds): readonly TimelineEntry[] {
  const timeline = entries.map(({ at, entry }) => ({
    timestamp_ms: millisecondsBetween(zero, at),
    ...entry,
  }));
  const kept =
    timeline.length <= MOST_ENTRIES
      ? timeline
      : timeline.toSorted((a, b) => weightOf(b) - weightOf(a) || inOrder(a, b)).slice(0, MOST_ENTRIES);
  return kept.toSorted(inOrder);
}

/** Kubernetes' own entries are few and bound all others: they stay. */
const weightOf = ({ duration_ms, resolution_ms }: TimelineEntry): number =>
  (resolution_ms ?? 0) >= 1000 ? Infinity : (duration_ms ?? -1);

const inOrder = (a: TimelineEntry, b: TimelineEntry): number =>
  a.timestamp_ms - b.timestamp_ms || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
