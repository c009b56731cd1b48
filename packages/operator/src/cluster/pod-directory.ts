import type { Workload } from 'kernel-gossip-types';

/** A pod as far as findings need it. */
export interface KnownPod {
  readonly namespace: string;
  readonly name: string;
  /** Null on a machine without Kubernetes. */
  readonly uid: string | null;
  readonly nodeName: string | null;
  /** What keeps the pod: its Deployment rather than its ReplicaSet. Null where it stands alone. */
  readonly workload: Workload | null;
  readonly labels: Readonly<Record<string, string>>;
  /** What its own annotation says about being changed (`REMEDIATION_ANNOTATION`). */
  readonly remediation: string | null;
  /** Container names by the id that the runtime gave; restarted containers keep their older ids for a while. */
  readonly containers: ReadonlyMap<string, string>;
}

/** Who is who on this cluster: turns what a cgroup path carries into names. */
export interface PodDirectory {
  /** Whether every pod has been seen once; until then a pod that is not found may be there. */
  readonly isSynced: boolean;
  /** The pod with this UID, or for static pods with this configuration hash; also for some minutes after its deletion. */
  byUid(uid: string): KnownPod | null;
  byName(namespace: string, name: string): KnownPod | null;
}
