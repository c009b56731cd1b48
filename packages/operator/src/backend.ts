import type { PodDirectory } from './cluster/pod-directory.ts';
import type { Store } from './store/port.ts';
import type { ReadyCheck } from './surface/health.ts';

/** The engine under the pipeline: one machine with SQLite, or a cluster with Kubernetes. */
export interface Backend {
  readonly store: Store;
  /** Null on a machine without Kubernetes. */
  readonly directory: PodDirectory | null;
  readonly checks: readonly ReadyCheck[];
  /**
   * Runs the work that only one replica may do, while this one is the leader, until the signal aborts; each time it
   * becomes the leader, from the beginning. Rejects when leadership was lost and the work goes on all the same: then
   * the process must end at once, since another replica may begin.
   */
  lead(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
