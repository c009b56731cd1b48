import type { Observation, Workload } from 'kernel-gossip-types';

/** What tells a pod from every other. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  /** Null on a machine without Kubernetes, and for a pod that this cluster does not know. */
  readonly uid: string | null;
}

/** Whom a piece of evidence is about. */
export interface EvidencePod extends PodIdentity {
  /** What keeps the pod; null where it stands alone, or nobody knows. */
  readonly workload: Workload | null;
}

/** An observation decoded, with its source and its pod resolved. */
export interface Evidence<O extends Observation = Observation> {
  readonly observation: O;
  readonly pod: EvidencePod;
  /** Null where the pod as a whole is meant. */
  readonly container: string | null;
  readonly source: string;
  readonly nodeName: string | null;
  /** When it arrived, by our clock, in milliseconds since 1970. */
  readonly receivedAtMs: number;
}
