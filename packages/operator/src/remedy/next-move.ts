import type { KernelWhisper, RemedyPhase } from 'kernel-gossip-types';
import type { Surroundings } from '../cluster/remedy-facts.ts';
import { follow, needsSurroundings } from './follow.ts';
import { firstStep } from './first-step.ts';
import { abandon, propose } from './propose.ts';
import { isUndoRequested, requestOn } from './request.ts';
import { rest, type Move, type Situation } from './situation.ts';
import { takeBack } from './take-back.ts';
import { isAt, isTouched, type UnderWay } from './under-way.ts';

const UNDER_WAY: ReadonlySet<RemedyPhase> = new Set(['Applying', 'Measuring', 'TakingBack']);

/** Whether a change was sent, or is about to be, and has not come to its end. */
export const isUnderWay = ({ status }: KernelWhisper): boolean =>
  status?.remedy != null && UNDER_WAY.has(status.remedy.phase);

const underWayIn = (situation: Situation): UnderWay | null => {
  const remedy = situation.whisper.status?.remedy ?? null;
  return remedy !== null && isUnderWay(situation.whisper) ? { ...situation, remedy } : null;
};

/** Whether the next move cannot be told without the pod's surroundings, which cost some requests. */
export function asksForSurroundings(situation: Situation): boolean {
  const underWay = underWayIn(situation);
  if (underWay !== null) return needsSurroundings(underWay);
  if (undone(situation) !== null || situation.whisper.status?.phase !== 'Open') return false;
  // Where nothing that was measured tells what is needed, there is nothing to check.
  return firstStep(situation, () => []) !== null;
}

const LOOK_AT_WAITING_MS = 60_000;

/** What to do next about a whisper: from what stands on it, the pod as it is, and the time. Pure. */
export function nextMove(situation: Situation, surroundings: Surroundings | null): Move {
  const undo = undone(situation);
  if (undo !== null) return undo;
  const underWay = underWayIn(situation);
  if (underWay !== null) return follow(underWay, surroundings);
  if (surroundings !== null) return propose(situation, surroundings);
  // What waits is looked at by the clock, too: nobody may ever write to the whisper again.
  const isWaiting = situation.whisper.status?.remedy?.phase === 'Waiting';
  return abandon(situation) ?? rest(isWaiting ? LOOK_AT_WAITING_MS : null);
}

/** A person wants back what was before; null where nobody does, or nothing was changed. */
function undone(situation: Situation): Move | null {
  const remedy = situation.whisper.status?.remedy ?? null;
  // What others set is theirs.
  if (remedy?.original == null || remedy.phase === 'TakingBack' || remedy.reason === 'ChangedByOthers')
    return null;
  if (!isUndoRequested(situation.whisper, remedy.proposal_id)) return null;
  if (isTouched({ ...situation, remedy }) || isAt(situation, remedy.original)) return null;
  const answered = { ...remedy, answered_request: requestOn(situation.whisper) };
  return takeBack(
    { ...situation, remedy: answered },
    'UndoneByRequest',
    'A person asked for what was before.',
  );
}
