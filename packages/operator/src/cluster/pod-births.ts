import type { KnownPod } from './pod-directory.ts';
import type { PodTimes } from './pod-times.ts';

/** A pod with the times of its birth. */
export interface PodBirth {
  readonly pod: KnownPod & { readonly uid: string };
  readonly times: PodTimes;
  /** For how long it is known that it came up or ended, in milliseconds; null while it is coming up. */
  readonly settledForMs: number | null;
  /** Whether the cluster still has it. */
  readonly exists: boolean;
}

/** The births of a cluster's pods, as Kubernetes tells of them. */
export interface PodBirths {
  /** The pod with this UID, also for some minutes after its deletion. */
  birthOf(uid: string): PodBirth | null;
  /** UIDs of the pods that were seen before all of their containers had been made. */
  unbornSeen(): readonly string[];
  /** Calls the listener with the UID of each such pod that changes or is deleted. Returns what ends that. */
  listen(listener: (uid: string) => void): () => void;
}
