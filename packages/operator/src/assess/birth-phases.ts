import type {
  Actor,
  ContainerBirth,
  PodBirthCertificateSpec,
  SlowestPhase,
  TimelineEntry,
} from 'kernel-gossip-types';

/** A part of a birth whose length is known by one clock. */
interface Phase {
  readonly actor: Actor;
  readonly action: string;
  readonly durationMs: number;
  /** How far the length may be off, either way. */
  readonly resolutionMs: number;
  /** Null where the source does not say. */
  readonly clock: TimelineEntry['clock'];
}

type TimedEntry = TimelineEntry & { readonly duration_ms: number };

/** A length between two coarse times is told only where it is so many times as long as they are coarse. */
const WELL_ABOVE = 5;

/**
 * The phase that took longest. A gap between two entries is a phase only where one clock read both and is fine enough;
 * else only a length that one source measured counts.
 */
export function slowestPhase(spec: PodBirthCertificateSpec): SlowestPhase | null {
  const [first, ...rest] = phasesOf(spec);
  if (first === undefined) return null;
  const slowest = rest.reduce(
    (longest, phase) => (phase.durationMs > longest.durationMs ? phase : longest),
    first,
  );
  return {
    actor: slowest.actor,
    action: slowest.action,
    duration_ms: slowest.durationMs,
    resolution_ms: slowest.resolutionMs === 0 ? null : slowest.resolutionMs,
    share_percent: shareOf(slowest, spec.kernel_stats.total_duration_ms),
  };
}

/** The total is by the clock of whoever measured it: the node's, or the one that a source without a word on clocks has. */
const shareOf = ({ durationMs, resolutionMs, clock }: Phase, totalMs: number | null): number | null =>
  totalMs === null || totalMs === 0 || totalMs < durationMs || resolutionMs > 0 || clock === 'control-plane'
    ? null
    : Math.round((durationMs / totalMs) * 100);

const phasesOf = (spec: PodBirthCertificateSpec): readonly Phase[] => {
  const timeline = spec.timeline ?? [];
  return [
    ...timeline.flatMap((entry) => (isTimed(entry) ? [ownPhase(entry, spec)] : [])),
    ...networkPhase(spec),
    ...initPhases(spec),
    ...derivedPhases(timeline),
  ];
};

const isTimed = (entry: TimelineEntry): entry is TimedEntry => entry.duration_ms !== null;

const ownPhase = (entry: TimedEntry, spec: PodBirthCertificateSpec): Phase => ({
  actor: entry.actor,
  action: entry.action + ofContainer(entry, spec),
  durationMs: entry.duration_ms,
  // A coarse beginning leaves a length that was measured as a length as it is.
  resolutionMs: 0,
  clock: entry.clock,
});

const cniEntries = ({ timeline }: PodBirthCertificateSpec): readonly TimelineEntry[] =>
  (timeline ?? []).filter(({ actor }) => actor === 'cni');

/** How long network plugins were at work, each moment counted once; null where the length of one is not known. */
export function networkPluginsMs(spec: PodBirthCertificateSpec): number | null {
  const entries = cniEntries(spec);
  const timed = entries.filter(isTimed).toSorted((a, b) => a.timestamp_ms - b.timestamp_ms);
  if (timed.length === 0 || timed.length < entries.length) return null;
  const { covered } = timed.reduce(
    ({ covered: sum, until }, { timestamp_ms: from, duration_ms: length }) => ({
      covered: sum + Math.max(0, from + length - Math.max(from, until)),
      until: Math.max(until, from + length),
    }),
    { covered: 0, until: 0 },
  );
  return Math.round(covered * 1000) / 1000;
}

function networkPhase(spec: PodBirthCertificateSpec): readonly Phase[] {
  const durationMs = networkPluginsMs(spec);
  const [first, second] = cniEntries(spec);
  if (durationMs === null || first === undefined || second === undefined) return [];
  return [{ actor: 'cni', action: 'all network plugins', durationMs, resolutionMs: 0, clock: first.clock }];
}

/** For which container it was done, where it was for one and its words do not say so. */
function ofContainer(
  { action, container_name, container_id }: TimelineEntry,
  { containers }: PodBirthCertificateSpec,
): string {
  if (container_name !== null) return ` (${container_name})`;
  const birth = (containers ?? []).find((one) => container_id !== null && one.container_id === container_id);
  return birth?.role === 'sandbox' && !action.includes('sandbox') ? ' (sandbox)' : '';
}

/** An init container's run by the kernel's clock: from its first program to the beginning of the container after it. */
const initPhases = ({ containers }: PodBirthCertificateSpec): readonly Phase[] =>
  (containers ?? []).flatMap((birth, index, all) => {
    const next = all[index + 1];
    if (birth.role !== 'init' || birth.entered_at === null || next === undefined) return [];
    const durationMs = Date.parse(next.began_at) - Date.parse(birth.entered_at);
    const action = `wait for init container ${nameOf(birth)}`;
    return durationMs <= 0 ? [] : [{ actor: 'kubelet', action, durationMs, resolutionMs: 0, clock: 'node' }];
  });

const nameOf = ({ container_name }: ContainerBirth): string => container_name ?? 'without a name';

/** What lies between two of Kubernetes' times that tell of one thing's beginning and end. */
function derivedPhases(timeline: readonly TimelineEntry[]): readonly Phase[] {
  const find = (action: string): TimelineEntry | undefined =>
    timeline.find((entry) => entry.action === action);
  const started = timeline.filter(({ action }) => action === 'report the container started');
  const ended = timeline.filter(({ action }) => action === 'report the init container ended');
  return [
    ...between(find('accept the pod'), find('assign the pod to a node'), ['scheduler', 'wait for a node']),
    ...ended.flatMap((end) =>
      between(
        started.find(({ container_name }) => container_name === end.container_name),
        end,
        ['kubelet', `wait for init container ${end.container_name ?? ''}`],
      ),
    ),
    ...between(started.at(-1), find('report the pod ready'), ['kubelet', 'wait for the pod to be ready']),
  ];
}

function between(
  from: TimelineEntry | undefined,
  to: TimelineEntry | undefined,
  [actor, action]: readonly [Actor, string],
): readonly Phase[] {
  if (from === undefined || to === undefined || from.clock === null || from.clock !== to.clock) return [];
  const durationMs = to.timestamp_ms - from.timestamp_ms;
  const resolutionMs = Math.max(from.resolution_ms ?? 0, to.resolution_ms ?? 0);
  return durationMs > 0 && durationMs >= WELL_ABOVE * resolutionMs
    ? [{ actor, action, durationMs, resolutionMs, clock: from.clock }]
    : [];
}
