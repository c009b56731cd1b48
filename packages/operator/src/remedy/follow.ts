import { remedyRequest } from 'kernel-gossip-types';
import type { Surroundings } from '../cluster/remedy-facts.ts';
import { whileApplying } from './applying.ts';
import { newPair } from './measured-pair.ts';
import { whileMeasuring } from './measuring.ts';
import { isoOf, type Move } from './situation.ts';
import { takeBack, whileTakingBack } from './take-back.ts';
import { end, isTouched, steppedBack, type UnderWay } from './under-way.ts';

/** Whether the next move depends on the pod's surroundings: another step may be due. */
export const needsSurroundings = ({ remedy, whisper }: UnderWay): boolean =>
  remedy.phase === 'Measuring' && newPair(whisper.status?.measured ?? null, remedy) !== null;

/** Brings what was begun to its end: the change is proved in the kernel, or taken back. */
export function follow(given: UnderWay, surroundings: Surroundings | null): Move {
  const situation = withPresentTimes(given);
  const { remedy, mandate } = situation;
  if (remedy.to === null || remedy.from === null || remedy.original === null)
    return end(situation, {
      phase: 'SteppedBack',
      reason: 'Incomplete',
      message: 'What was to be done does not stand on the object.',
      pauseMs: null,
    });
  if (remedy.phase === 'TakingBack') return whileTakingBack(situation);
  if (isTouched(situation)) return steppedBack(situation);
  if (!isStillAllowed(situation))
    return takeBack(
      situation,
      'SwitchedOff',
      `No longer allowed before it was proved: ${mandate.decidedBy}.`,
    );
  return remedy.phase === 'Applying' ? whileApplying(situation) : whileMeasuring(situation, surroundings);
}

/** What a policy allowed needs it until the end; what a person approved is only ended by Off. */
function isStillAllowed({ mandate, remedy }: UnderWay): boolean {
  const isApproved = remedy.answered_request === remedyRequest('approve', remedy.proposal_id);
  return mandate.mode === 'Auto' || (mandate.mode === 'DryRun' && isApproved);
}

/** Two replicas' clocks may differ by so much. */
const CLOCK_SLACK_MS = 10_000;

/** Times of the future are of a clock that was set back since: they count from now on. */
function withPresentTimes(situation: UnderWay): UnderWay {
  const { remedy, nowMs } = situation;
  const present = (at: string | null): string | null =>
    at !== null && Date.parse(at) > nowMs + CLOCK_SLACK_MS ? isoOf(nowMs) : at;
  return {
    ...situation,
    remedy: { ...remedy, applied_at: present(remedy.applied_at), heard_at: present(remedy.heard_at) },
  };
}
