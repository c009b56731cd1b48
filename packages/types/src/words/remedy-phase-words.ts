import type { RemedyPhase } from '../resource/index.ts';

/** Where a remedy stands, in a few words. */
export const REMEDY_PHASE_WORDS: Readonly<Record<RemedyPhase, string>> = {
  Proposed: 'shown, not sent',
  Refused: 'not made',
  Waiting: 'allowed; not sent yet',
  Applying: 'sent, or about to be',
  Measuring: 'in force; the kernel is asked whether it helps',
  Proven: 'in force; what the kernel counted meets the proof',
  TakingBack: 'the old limits are being put back',
  TakenBack: 'the old limits are back',
  SteppedBack: 'nothing more is done for now; the limits stay as they are',
  LeftAlone: 'it used all that it was given, up to the highest limit tried; the old limits are back',
};
