import type { Cause, CauseKind, KernelWhisperSpec } from 'kernel-gossip-types';
import { percentText, secondsText } from './words.ts';

/** A kind of cause whose figures were found, and what shows it. Null where they do not show it, or were not measured. */
export type Found = Cause | null;

/**
 * A cause with what shows it. Figures that nobody measured say so first, since a cause that was found in them is a
 * cause of nothing that happened here.
 */
export const causeOf = (
  { provenance }: KernelWhisperSpec,
  kind: CauseKind,
  evidence: readonly (string | null)[],
  wouldTell: string | null = null,
): Cause => ({
  kind,
  evidence: [provenance === 'measured' ? null : ORIGIN[provenance], ...evidence].filter(
    (line) => line !== null,
  ),
  would_tell: wouldTell,
});

const ORIGIN = {
  synthetic: 'provenance: synthetic: these figures were made up',
  replayed: 'provenance: replayed: these figures are from a recording',
} as const;

/** ` in 10 s`: the window that goes with every figure. */
export const inWindow = (seconds: number | null): string =>
  seconds === null ? ', in a window that is not told' : ` in ${secondsText(seconds)}`;

/** A line about one share: its field, its value and its window. Null where it was not measured. */
export const shareLine = (
  field: string,
  percent: number | null,
  windowSeconds: number | null,
): string | null => (percent === null ? null : `${field}: ${percentText(percent)}${inWindow(windowSeconds)}`);
