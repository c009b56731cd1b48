import type { Remedy, RemedyPhase } from '../resource/index.ts';
import { changeText } from './change-words.ts';

/** Something that happened to a remedy; `at` in milliseconds of the operator's clock. */
export interface RemedyMoment {
  readonly at: number;
  readonly text: string;
}

/** The change that was sent last. Null where none was: the old limits may have been there when they were to be put back. */
export function changeSent({
  from,
  to,
  applied_at: at,
}: Pick<Remedy, 'from' | 'to' | 'applied_at'>): RemedyMoment | null {
  const change = to === null ? 'change' : changeText(from, to);
  return at === null || change === null ? null : { at: Date.parse(at), text: `${change} sent` };
}

/** Stands for a decision of which the remedy only tells when it was. */
export const EARLIER_DECISION = 'an earlier decision';

/** Phases that a decision did not lead to: one that stands there is of what was before. */
const UNDER_WAY: ReadonlySet<RemedyPhase> = new Set(['Applying', 'Measuring', 'TakingBack']);

/** What it came to. Null where it came to nothing yet. */
export const decisionOf = ({
  phase,
  decided_at: at,
}: Pick<Remedy, 'phase' | 'decided_at'>): RemedyMoment | null =>
  at === null ? null : { at: Date.parse(at), text: UNDER_WAY.has(phase) ? EARLIER_DECISION : phase };
