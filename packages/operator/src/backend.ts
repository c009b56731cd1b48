import type { MayRead, MaySend } from './authn/access-review.ts';
import type { ReviewToken } from './authn/token-review.ts';
import type { ReadEvents } from './cluster/events.ts';
import type { PodBirths } from './cluster/pod-births.ts';
import type { PodDirectory } from './cluster/pod-directory.ts';
import type { ReadPodMetrics } from './cluster/pod-metrics.ts';
import type { RemedyAccess } from './controllers/remedy-controller.ts';
import type { Store } from './store/port.ts';
import type { ReadyCheck } from './surface/health.ts';

/** What is asked of the cluster about those who send and read. */
export interface Reviews {
  readonly reviewToken: ReviewToken;
  readonly maySend: MaySend;
  readonly mayRead: MayRead;
}

/** What the cluster says of the births of its pods. */
export interface Births {
  readonly pods: PodBirths;
  readonly readEvents: ReadEvents;
}

/** The engine under the pipeline: one machine with SQLite, or a cluster with Kubernetes. */
export interface Backend {
  readonly store: Store;
  /** Null on a machine without Kubernetes. */
  readonly directory: PodDirectory | null;
  /** Who knows tokens and rights; null on a machine without Kubernetes, where nobody does. */
  readonly reviews: Reviews | null;
  /** Null on a machine without Kubernetes. */
  readonly births: Births | null;
  /** Null on a machine without Kubernetes. */
  readonly remedies: RemedyAccess | null;
  /** What metrics.k8s.io says; null on a machine without Kubernetes. */
  readonly readMetrics: ReadPodMetrics | null;
  readonly checks: readonly ReadyCheck[];
  /**
   * Runs the work that only one replica may do, while this one is the leader, until the signal aborts; each time it
   * becomes the leader, from the beginning. Rejects when leadership was lost and the work goes on all the same: then
   * the process must end at once, since another replica may begin.
   */
  lead(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
