import {
  isBirthPhase,
  type Actor,
  type PodBirthCertificate,
  type SlowestPhase,
  type TimelineEntry,
} from 'kernel-gossip-types';

/** Lanes in the order in which a birth goes through them. */
const LANES: readonly Actor[] = ['apiserver', 'scheduler', 'kubelet', 'runtime', 'cni', 'kernel'];

/** A part of the axis, as shares of it from 0 to 1. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/** One thing that happened, to scale. */
export interface Bar {
  readonly entry: TimelineEntry;
  /** Where it was going on whenever it began; null where only its beginning is known, or the clock is too coarse. */
  readonly certain: Part | null;
  /** Where it may have begun, and may have ended, by a coarse clock; null where the clock is fine enough. */
  readonly uncertain: Part | null;
  /** Where it began, from 0 to 1. */
  readonly at: number;
  readonly isSlowest: boolean;
}

export interface Lane {
  readonly actor: Actor;
  readonly bars: readonly Bar[];
}

export interface BirthDrawing {
  /** Where the axis ends, in milliseconds since the birth began. */
  readonly endMs: number;
  readonly lanes: readonly Lane[];
}

/** A clock that is finer than this is as good as certain. */
const FINEST_MS = 0.01;

const resolutionOf = ({ resolution_ms: resolution }: TimelineEntry): number =>
  resolution === null || resolution < FINEST_MS ? 0 : resolution;
const durationOf = ({ duration_ms: duration }: TimelineEntry): number => duration ?? 0;

/** The latest moment at which any of it may have ended, in milliseconds. */
const endOf = (entries: readonly TimelineEntry[], totalMs: number | null): number =>
  entries.reduce(
    (latest, entry) => Math.max(latest, entry.timestamp_ms + resolutionOf(entry) + durationOf(entry)),
    totalMs ?? 0,
  );

/**
 * One entry to scale. A coarse clock only says that it began somewhere in [t, t + resolution): it is certain only where
 * it was going on whenever it began.
 */
function barOf(entry: TimelineEntry, endMs: number, slowest: SlowestPhase | null): Bar {
  const share = (ms: number): number => (endMs > 0 ? Math.min(1, Math.max(0, ms / endMs)) : 0);
  const { timestamp_ms: start } = entry;
  const resolution = resolutionOf(entry);
  const duration = durationOf(entry);
  return {
    entry,
    at: share(start),
    certain: duration > resolution ? { from: share(start + resolution), to: share(start + duration) } : null,
    uncertain: resolution > 0 ? { from: share(start), to: share(start + resolution + duration) } : null,
    isSlowest: slowest !== null && isBirthPhase(entry, slowest),
  };
}

/** The timeline of a birth in lanes, a lane for each actor, all to one scale. */
export function birthDrawing({ spec, status }: PodBirthCertificate): BirthDrawing {
  const entries = spec.timeline ?? [];
  const endMs = endOf(entries, kernelEnd(spec));
  const lanes = LANES.flatMap((actor) => {
    const own = entries.filter((entry) => entry.actor === actor);
    if (own.length === 0) return [];
    const sorted = own.toSorted((a, b) => a.timestamp_ms - b.timestamp_ms);
    return [{ actor, bars: sorted.map((entry) => barOf(entry, endMs, status?.slowest_phase ?? null)) }];
  });
  return { endMs, lanes };
}

/** Where the kernel's part of the birth ended, on the timeline; it begins where the timeline does, or later. */
function kernelEnd({ began_at, kernel_began_at, kernel_stats }: PodBirthCertificate['spec']): number | null {
  const { total_duration_ms: total } = kernel_stats;
  if (total === null || began_at === null || kernel_began_at === null) return total;
  return total + Math.max(0, Date.parse(kernel_began_at) - Date.parse(began_at));
}

const STEPS = [1, 2, 5];
const MOST_TICKS = 6;

/** Round moments on an axis of this length, in milliseconds: at most seven, the first of them 0. */
export function ticksOf(endMs: number): readonly number[] {
  if (!(endMs > FINEST_MS)) return [0];
  const rough = endMs / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (STEPS.find((one) => one * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step);
}
