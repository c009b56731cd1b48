import type { ContainerBirth } from 'kernel-gossip-types';
import type {
  Birth,
  DatedEntry,
  Gap,
  KernelPart,
  KubernetesPart,
  TracedBirth,
  TracedContainer,
} from './birth-parts.ts';

/**
 * Two states of knowledge about one birth as one. For traced births it does not matter in which order they are joined,
 * nor how often: a source sends what it knows so far, again and again, by way of any replica.
 */
export const joinBirths = (before: Birth, next: Birth): Birth => ({
  kernel: joinWith(before.kernel, next.kernel, joinKernel),
  kubernetes: joinWith(before.kubernetes, next.kubernetes, joinKubernetes),
});

const joinWith = <T>(before: T | null, next: T | null, join: (before: T, next: T) => T): T | null =>
  before === null || next === null ? (before ?? next) : join(before, next);

const joinKernel = (before: KernelPart, next: KernelPart): KernelPart =>
  before.kind === 'traced' && next.kind === 'traced' && before.provenance === next.provenance
    ? joinTraced(before, next)
    : next;

const joinTraced = (before: TracedBirth, next: TracedBirth): TracedBirth => {
  const later = rankOf(before) > rankOf(next) ? before : next;
  return {
    kind: 'traced',
    recordedAt: later.recordedAt,
    provenance: later.provenance,
    source: later.source,
    containers: joinMaps(before.containers, next.containers, joinContainers),
    gaps: joinMaps(before.gaps, next.gaps, joinGaps),
  };
};

/** Nothing that was missed is ever made good. */
export const joinGaps = (before: Gap, next: Gap): Gap => ({
  lostEvents: joinWith(before.lostEvents, next.lostEvents, Math.max),
  incomplete: joinWith(before.incomplete, next.incomplete, (a, b) => (a > b ? a : b)),
});

/** Ordered by time; the source decides where two have the same. */
const rankOf = ({ recordedAt, source }: TracedBirth): string =>
  `${String(recordedAt).padStart(17, '0')} ${JSON.stringify(source)}`;

const joinMaps = <K, V>(
  before: ReadonlyMap<K, V>,
  next: ReadonlyMap<K, V>,
  join: (before: V, next: V) => V,
): ReadonlyMap<K, V> => {
  const joined = new Map(before);
  for (const [key, value] of next) {
    const known = joined.get(key);
    joined.set(key, known === undefined ? value : join(known, value));
  }
  return joined;
};

/** The one of two that had come further; who it is stays known when it was once. */
const joinContainers = (before: TracedContainer, next: TracedContainer): TracedContainer => {
  const further = isFurther(before, next) ? before : next;
  const other = further === before ? next : before;
  return further.birth === null
    ? further
    : {
        ...further,
        birth: {
          ...further.birth,
          role: further.birth.role ?? other.birth?.role ?? null,
          container_name: further.birth.container_name ?? other.birth?.container_name ?? null,
        },
      };
};

function isFurther(one: TracedContainer, other: TracedContainer): boolean {
  const [a, b] = [progressOf(one), progressOf(other)];
  const differs = a.findIndex((value, index) => value !== b[index]);
  return differs >= 0 && (a[differs] ?? 0) > (b[differs] ?? 0);
}

/**
 * How far the knowledge of a container's birth has come. What was found to be incomplete stays so; otherwise counts only
 * grow. The text at the end settles the order of two that differ in nothing else.
 */
const progressOf = ({ birth, entries }: TracedContainer): readonly (number | string)[] => [
  birth === null ? 0 : 1,
  birth?.entered_at == null ? 0 : 1,
  birth?.incomplete == null ? 0 : 1,
  runsOf(birth),
  birth?.total_syscalls ?? -1,
  entries.length,
  entries.filter(({ entry }) => entry.duration_ms !== null).length,
  JSON.stringify([withoutIdentity(birth), entries.map(withoutName)]),
];

const runsOf = (birth: ContainerBirth | null): number =>
  (birth?.programs ?? []).reduce((sum, { runs }) => sum + runs, 0);

const withoutIdentity = (birth: ContainerBirth | null): unknown =>
  birth === null ? null : { ...birth, role: null, container_name: null };

const withoutName = ({ at, entry }: DatedEntry): unknown => [at, { ...entry, container_name: null }];

const joinKubernetes = (before: KubernetesPart, next: KubernetesPart): KubernetesPart => ({
  entries: joinEntries(before.entries, next.entries),
  containers: joinMaps(before.containers, next.containers, (known) => known),
  expected: next.expected ?? before.expected,
  nodeName: next.nodeName ?? before.nodeName,
});

/** One entry of each kind: the one by the finest clock, else the earliest. */
const joinEntries = (before: readonly DatedEntry[], next: readonly DatedEntry[]): readonly DatedEntry[] => {
  const kinds = new Map<string, DatedEntry>();
  for (const one of [...before, ...next]) {
    const kind = JSON.stringify([one.entry.actor, one.entry.action, one.entry.container_name]);
    const known = kinds.get(kind);
    if (known === undefined || isBetter(one, known)) kinds.set(kind, one);
  }
  return [...kinds.values()];
};

const isBetter = (one: DatedEntry, known: DatedEntry): boolean => {
  const resolutions = (one.entry.resolution_ms ?? 0) - (known.entry.resolution_ms ?? 0);
  if (resolutions !== 0) return resolutions < 0;
  if (one.at !== known.at) return one.at < known.at;
  return JSON.stringify(one.entry) < JSON.stringify(known.entry);
};
