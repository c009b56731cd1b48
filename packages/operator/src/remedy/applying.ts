import type { ResizeCondition } from '../cluster/remedy-facts.ts';
import { isActuated, sameResources, withOwn } from './change.ts';
import { isoOf, note, rest, type Move } from './situation.ts';
import { takeBack } from './take-back.ts';
import {
  ACTUATION_MS,
  IN_FORCE_MS,
  LOOK_AGAIN_MS,
  isAt,
  resize,
  steppedBack,
  SILENCE_MS,
  sinceApplied,
  type UnderWay,
} from './under-way.ts';

/** A change was written down, and sent unless the operator ended in between; waits until the kubelet has it in force. */
export function whileApplying(situation: UnderWay): Move {
  const { remedy, container, pod, resource, nowMs } = situation;
  const to = withOwn(container.resources, remedy.to ?? container.resources, resource);
  // Sent again after a crash; but who puts back what was before, again and again, wants it so.
  if (!sameResources(container.resources, to))
    return sinceApplied(situation) > ACTUATION_MS ? notOnPod(situation) : resize(remedy, situation, to);
  const trouble = pod.resize.map((condition) => troubleOf(condition, nowMs)).find((found) => found !== null);
  if (trouble !== undefined) return takeBack(situation, trouble.reason, trouble.message);
  if (pod.resize.length === 0 && container.actual !== null && isActuated(container.actual, to))
    return note(
      {
        ...remedy,
        phase: 'Measuring',
        reason: 'InForce',
        heard_at: isoOf(nowMs),
        message: 'The kubelet says that it is in force; the kernel is asked.',
      },
      SILENCE_MS,
    );
  return sinceApplied(situation) > ACTUATION_MS
    ? takeBack(
        situation,
        'NotActuated',
        `The kubelet did not put it in force within ${ACTUATION_MS / 60_000} min.`,
      )
    : rest(LOOK_AGAIN_MS);
}

/** Who puts back what was before all steps wants it so; an earlier step of ours must not stay unproved. */
const notOnPod = (situation: UnderWay): Move =>
  isAt(situation, situation.remedy.original)
    ? steppedBack(situation)
    : takeBack(situation, 'NotActuated', 'What was to be sent is not on the pod.');

interface Trouble {
  readonly reason: string;
  readonly message: string;
}

function troubleOf({ type, reason, message, since }: ResizeCondition, nowMs: number): Trouble | null {
  const lasted = since === null ? 0 : nowMs - Date.parse(since);
  const told = (what: string): Trouble => ({
    reason: what,
    message: `The kubelet says: ${message || reason}`,
  });
  if (type === 'PodResizePending' && reason === 'Infeasible') return told('Infeasible');
  if (type === 'PodResizePending' && lasted > ACTUATION_MS) return told('Deferred');
  return type === 'PodResizeInProgress' && reason === 'Error' && lasted > IN_FORCE_MS
    ? told('ResizeFailed')
    : null;
}
