import type { ContainerResources, Remedy } from 'kernel-gossip-types';
import { resizePatch, sameResources, withOwn } from './change.ts';
import { HOUR_MS, isoOf, note, send, type Move, type Situation } from './situation.ts';

/** How long the kubelet may take; it tries a deferred change again whenever there is room (KEP-1287). */
export const ACTUATION_MS = 5 * 60_000;

/** The kubelet says that a change is in force a moment before, or after, the cgroups have it. */
export const IN_FORCE_MS = 60_000;

/** An observer that is silent for longer than this proves nothing. */
export const SILENCE_MS = 3 * 60_000;

export const LOOK_AGAIN_MS = 2000;

/** What was proved is given some time in which the whisper may end. */
const PROVEN_FOR_MS = 10 * 60_000;

/** A situation in which something is under way. */
export interface UnderWay extends Situation {
  readonly remedy: Remedy;
}

export const sinceApplied = ({ remedy, nowMs }: UnderWay): number =>
  nowMs - Date.parse(remedy.applied_at ?? isoOf(nowMs));

/** Neither what was before this step nor what it asks for. */
export const isTouched = (situation: UnderWay): boolean =>
  !isAt(situation, situation.remedy.from) && !isAt(situation, situation.remedy.to);

/** Whether the container has these resources, as far as the remedy is about them. */
export const isAt = ({ container, resource }: Situation, known: ContainerResources | null): boolean =>
  known !== null && sameResources(container.resources, withOwn(container.resources, known, resource));

/** What the container had before the first step, beside what others changed since. */
export const originalIn = ({ remedy, container, resource }: UnderWay): ContainerResources =>
  withOwn(container.resources, remedy.original ?? container.resources, resource);

export function resize(remedy: Remedy, { container, resource }: Situation, to: ContainerResources): Move {
  const own = withOwn(container.resources, to, resource);
  return send(remedy, resizePatch(container, container.resources, own));
}

interface End extends Pick<Remedy, 'phase' | 'reason' | 'message'> {
  /** How long it is left alone; until something asks for it again where null. */
  readonly pauseMs: number | null;
}

export function end({ remedy, nowMs }: UnderWay, { phase, reason, message, pauseMs }: End): Move {
  const isProven = phase === 'Proven';
  const leftAloneMs = isProven ? PROVEN_FOR_MS : pauseMs;
  return note(
    {
      ...remedy,
      phase,
      reason,
      message,
      setbacks: isProven ? 0 : remedy.setbacks,
      decided_at: isoOf(nowMs),
      next_attempt_at: leftAloneMs === null ? null : isoOf(nowMs + leftAloneMs),
    },
    leftAloneMs,
  );
}

/** What others set is theirs. */
export const steppedBack = (situation: UnderWay): Move =>
  end(situation, {
    phase: 'SteppedBack',
    reason: 'ChangedByOthers',
    message: 'Someone else changed the resources of the container meanwhile; they are left as they are.',
    pauseMs: HOUR_MS,
  });
