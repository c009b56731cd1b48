import type { Remedy } from 'kernel-gossip-types';
import { isActuated, resizePatch, sameResources } from './change.ts';
import { backOffMs, HOUR_MS, isoOf, note, rest, send, withChange, type Move } from './situation.ts';
import {
  ACTUATION_MS,
  end,
  isTouched,
  LOOK_AGAIN_MS,
  originalIn,
  resize,
  sinceApplied,
  steppedBack,
  type UnderWay,
} from './under-way.ts';

/** What a person undid, and what would eat any limit, is not tried again for so long. */
const HANDS_OFF_MS = 24 * HOUR_MS;

const HANDS_OFF: ReadonlySet<string> = new Set(['UndoneByRequest', 'EatsAnyLimit']);

/** Puts back what was before the first step. Memory stays. */
export function takeBack(situation: UnderWay, reason: string, message: string): Move {
  const { remedy, container, nowMs, resource } = situation;
  const original = originalIn(situation);
  if (resource === 'memory' && reason !== 'Infeasible' && reason !== 'UndoneByRequest')
    return end(situation, {
      phase: 'SteppedBack',
      reason,
      message: `${message} The limit stays: lowering memory may kill what runs.`,
      pauseMs: HOUR_MS,
    });
  const patch = resizePatch(container, container.resources, original);
  const taking: Remedy = {
    ...remedy,
    phase: 'TakingBack',
    reason,
    message,
    from: container.resources,
    to: original,
    patch: JSON.stringify(patch),
    applied_at: isoOf(nowMs),
    next_attempt_at: null,
  };
  if (sameResources(container.resources, original)) return note(taking, 0);
  return send({ ...taking, changes: withChange(remedy.changes, nowMs) }, patch);
}

/** The old limits were sent; waits until they are in force. */
export function whileTakingBack(situation: UnderWay): Move {
  const { remedy, container } = situation;
  const original = originalIn(situation);
  if (!sameResources(container.resources, original)) {
    const pauseMs = Date.parse(remedy.next_attempt_at ?? isoOf(0)) - situation.nowMs;
    if (pauseMs > 0 && !isTouched(situation)) return rest(pauseMs);
    return isTouched(situation) ? steppedBack(situation) : resize(remedy, situation, original);
  }
  const isThere = container.actual === null || isActuated(container.actual, original);
  if (!isThere && sinceApplied(situation) < ACTUATION_MS) return rest(LOOK_AGAIN_MS);
  const setbacks = remedy.setbacks + 1;
  const pauseMs = HANDS_OFF.has(remedy.reason)
    ? HANDS_OFF_MS
    : backOffMs(situation.mandate.limits.min_seconds_between_changes, setbacks);
  const phase = remedy.reason === 'EatsAnyLimit' ? 'LeftAlone' : 'TakenBack';
  return end(
    { ...situation, remedy: { ...remedy, setbacks } },
    { phase, reason: remedy.reason, message: remedy.message, pauseMs },
  );
}
