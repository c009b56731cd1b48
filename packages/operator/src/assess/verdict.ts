import type { MetricsComparison } from 'kernel-gossip-types';

/** What is said about a whisper's kind of trouble. */
export interface Verdict {
  readonly insight: string;
  readonly kernelEvidence: string;
  readonly recommendation: string;
  /** Null for kinds that metrics say nothing comparable about. */
  readonly comparison: MetricsComparison | null;
}
