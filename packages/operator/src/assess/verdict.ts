import type { Cause } from 'kernel-gossip-types';

/** What is said about a whisper's kind of trouble. */
export interface Verdict {
  readonly insight: string;
  readonly kernelEvidence: string;
  readonly recommendation: string;
  readonly cause: Cause;
}
