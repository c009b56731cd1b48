import type { KernelWhisper, Remedy } from 'kernel-gossip-types';
import type { ContainerFacts, PodFacts } from '../cluster/remedy-facts.ts';
import type { ResizePatch } from '../cluster/resize-pod.ts';
import type { RemedyResource } from './amounts.ts';
import type { Mandate } from './mode.ts';

/** All that a decision about a remedy is made from, but for the surroundings, which are asked for only when needed. */
export interface Situation {
  readonly whisper: KernelWhisper;
  readonly mandate: Mandate;
  readonly pod: PodFacts;
  readonly container: ContainerFacts;
  readonly resource: RemedyResource;
  /** When the limits of the same workload were changed, this container's own changes included. */
  readonly workloadChanges: readonly string[];
  readonly nowMs: number;
}

/** What to do next. */
export type Move =
  /** Nothing changes; to be looked at again after a while, or when something is written. */
  | { readonly kind: 'rest'; readonly afterMs: number | null }
  /** Put this on the object. */
  | { readonly kind: 'note'; readonly remedy: Remedy; readonly afterMs: number | null }
  /** Put this on the object first, so that it is known after a crash; then send the patch. */
  | { readonly kind: 'resize'; readonly remedy: Remedy; readonly patch: ResizePatch };

export const rest = (afterMs: number | null = null): Move => ({ kind: 'rest', afterMs });
export const note = (remedy: Remedy, afterMs: number | null = null): Move => ({
  kind: 'note',
  remedy: withinBounds(remedy),
  afterMs,
});
export const send = (remedy: Remedy, patch: ResizePatch): Move => ({
  kind: 'resize',
  remedy: withinBounds(remedy),
  patch,
});

/** What the resource takes of a message. */
export const LONGEST_MESSAGE = 1024;
const withinBounds = (remedy: Remedy): Remedy => ({
  ...remedy,
  message: remedy.message.slice(0, LONGEST_MESSAGE),
});

export const isoOf = (ms: number): string => new Date(ms).toISOString();

export const HOUR_MS = 3_600_000;

/** Those of the last hour, with one more where one is made now. */
export const recentChanges = (changes: readonly string[], nowMs: number): readonly string[] =>
  changes.filter((at) => nowMs - Date.parse(at) < HOUR_MS);

const MOST_CHANGES_KEPT = 64;

export const withChange = (changes: readonly string[] | null, nowMs: number): readonly string[] =>
  [...recentChanges(changes ?? [], nowMs), isoOf(nowMs)].slice(-MOST_CHANGES_KEPT);

/** The doublings of the time between two attempts end here. */
const MOST_DOUBLINGS = 4;
/** A policy without a pause between changes does not want failure after failure. */
const LEAST_PAUSE_SECONDS = 60;

/** How long to leave a container alone after so many setbacks: twice as long each time, up to 16 times. */
export const backOffMs = (baseSeconds: number, setbacks: number): number =>
  Math.max(baseSeconds, LEAST_PAUSE_SECONDS) * 1000 * 2 ** Math.min(setbacks, MOST_DOUBLINGS);
