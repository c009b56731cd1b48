import { isDeepStrictEqual } from 'node:util';
import {
  REMEDY_PHASES,
  remedyRequest,
  REMEDY_PHASE_WORDS,
  type Remedy,
  type RemedyPhase,
  type RemedyVerb,
} from 'kernel-gossip-types';

/** Whether limits other than those it began with are in force, or about to be. */
function hasChanged({ phase, original, from, applied_at: applied }: Remedy): boolean {
  if (phase === 'SteppedBack' && applied !== null) return true;
  if (phase === 'Applying' || phase === 'Measuring' || phase === 'Proven') return true;
  return original !== null && from !== null && !isDeepStrictEqual(original, from);
}

/** Phases after which there is nothing to undo, whatever was done before. */
const OVER: readonly RemedyPhase[] = ['TakingBack', 'TakenBack', 'LeftAlone'];

export const fits = (verb: RemedyVerb, remedy: Remedy): boolean =>
  verb === 'approve' ? remedy.phase === 'Proposed' : !isOver(remedy) && hasChanged(remedy);

/** What others set is theirs. */
const isOver = ({ phase, reason }: Remedy): boolean => OVER.includes(phase) || reason === 'ChangedByOthers';

const APPROVE_ADVICE: Readonly<Record<Exclude<RemedyPhase, 'Proposed'>, string>> = {
  Refused: 'The checks that forbid it stand in `kgossip remedy show`; once they pass it is proposed again.',
  Waiting: 'It needs no approval: it is done as soon as it may be.',
  Applying: 'It is approved already.',
  Measuring: 'It is approved already, and in force.',
  Proven: 'It is done already; `kgossip remedy persist` makes it last.',
  TakingBack: 'Wait until the old limits are back; it may be proposed again later.',
  TakenBack: 'It did not help, or was undone; it may be proposed again later.',
  SteppedBack: 'Nothing more is done now; `kgossip explain` tells why. It may be proposed again later.',
  LeftAlone: 'A higher limit would not help; `kgossip explain` tells why.',
};

const UNDO_ADVICE: Readonly<Record<RemedyPhase, string>> = {
  Proposed: 'Nothing was changed yet.',
  Refused: 'Nothing was changed.',
  Waiting:
    'Nothing was changed yet. To keep it so, set the annotation kernel-gossip.io/remediation: "Off" on the pod.',
  Applying: '',
  Measuring: '',
  Proven: '',
  TakingBack: 'That is being done already.',
  TakenBack: 'That is done already.',
  SteppedBack: 'The limits in force are not those of this remedy.',
  LeftAlone: 'The limits are those it began with.',
};

/** Why a request makes no sense now, and what to do instead; null where it does. */
export function whyNot(verb: RemedyVerb, remedy: Remedy): string | null {
  const { phase, proposal_id: id } = remedy;
  const stands = `The remedy is ${phase}: ${REMEDY_PHASE_WORDS[phase]}.`;
  if (!fits(verb, remedy)) {
    return `${stands} ${verb === 'approve' && phase !== 'Proposed' ? APPROVE_ADVICE[phase] : UNDO_ADVICE[phase]}`;
  }
  return id === null ? `${stands} It has no id yet by which to name it. Try again.` : null;
}

/** How a request ended, as far as it can be seen. */
export type Outcome =
  | { readonly type: 'done' | 'refused' | 'superseded'; readonly remedy: Remedy }
  | { readonly type: 'gone' }
  | { readonly type: 'unanswered' };

/** Phases that a granted request leads to. */
const GRANTED: Readonly<Record<RemedyVerb, readonly RemedyPhase[]>> = {
  approve: REMEDY_PHASES.filter((phase) => phase !== 'Proposed' && phase !== 'Refused'),
  undo: ['TakingBack', 'TakenBack'],
};

/** What became of a request about `asked`, by the remedy as it is now; null while nothing did. */
export function outcomeOf(verb: RemedyVerb, asked: Remedy, now: Remedy | null): Outcome | null {
  if (now === null) return { type: 'gone' };
  const isAnswered = now.answered_request === remedyRequest(verb, asked.proposal_id);
  // A remedy goes on by itself, such as from Measuring to Proven: the operator still owes its answer then.
  if (!isAnswered && fits(verb, now))
    return now.proposal_id === asked.proposal_id ? null : { type: 'superseded', remedy: now };
  return { type: GRANTED[verb].includes(now.phase) ? 'done' : 'refused', remedy: now };
}
