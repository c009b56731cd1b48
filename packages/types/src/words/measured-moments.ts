import type { MeasuredPair, Remedy, RemedyPhase } from '../resource/index.ts';

const GIVEN_UP: ReadonlySet<RemedyPhase> = new Set(['TakingBack', 'TakenBack', 'LeftAlone']);

/** Whether what was measured last under a remedy is no longer in force. */
export const isGivenUp = ({ phase }: Pick<Remedy, 'phase'>): boolean => GIVEN_UP.has(phase);

/** What was measured, and of which moment it speaks. */
export interface MeasuredMoment {
  readonly name: 'Before' | 'Now' | 'Tried' | 'After';
  readonly pair: MeasuredPair | null;
}

/** What was measured before the first step of a remedy, and after it as far as that was; `measured` is what is so now. */
export function measuredMoments(
  measured: MeasuredPair | null,
  remedy: Pick<Remedy, 'phase' | 'before' | 'after'>,
): readonly MeasuredMoment[] {
  const before = { name: 'Before', pair: remedy.before } as const;
  // What is measured now says which limit it was measured under: it may still be the old one.
  return remedy.after === null && measured !== null
    ? [before, { name: 'Now', pair: measured }]
    : [before, { name: isGivenUp(remedy) ? 'Tried' : 'After', pair: remedy.after }];
}
