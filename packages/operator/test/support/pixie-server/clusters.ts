import { halvesOf } from './batch.ts';
import { decode, encode } from './messages.ts';

export type ClusterStatus =
  | 'UNKNOWN'
  | 'HEALTHY'
  | 'UNHEALTHY'
  | 'DISCONNECTED'
  | 'UPDATING'
  | 'CONNECTED'
  | 'UPDATE_FAILED'
  | 'DEGRADED';

/** A cluster of the cloud. It is read anew for each call, so a test may change it while the server runs. */
export interface FakeCluster {
  /** A UUID. */
  readonly id: string;
  name: string;
  status: ClusterStatus;
  statusMessage?: string;
  vizierVersion?: string;
  nodes?: number;
  instrumentedNodes?: number;
  /** Nanoseconds since the last heartbeat: Pixie sends an age, not a point in time. */
  heartbeatAgeNs?: bigint;
}

const uuidOf = (id: string): object => {
  const { high, low } = halvesOf(id);
  return { high_bits: high, low_bits: low };
};

const infoOf = (cluster: FakeCluster): object => ({
  id: uuidOf(cluster.id),
  status: cluster.status,
  lastHeartbeatNs: cluster.heartbeatAgeNs,
  cluster_name: cluster.name,
  pretty_cluster_name: cluster.name,
  vizier_version: cluster.vizierVersion,
  num_nodes: cluster.nodes,
  num_instrumented_nodes: cluster.instrumentedNodes,
  status_message: cluster.statusMessage,
});

interface Uuid {
  readonly high_bits: string;
  readonly low_bits: string;
}

const isOf =
  (asked: Uuid) =>
  ({ id }: FakeCluster): boolean => {
    const { high, low } = halvesOf(id);
    return high === BigInt(asked.high_bits) && low === BigInt(asked.low_bits);
  };

/** Answers GetClusterInfo: all clusters, or the one asked for. A cluster that is not there is no error, but no cluster. */
export const clusterInfo = (clusters: readonly FakeCluster[], request: Uint8Array): Buffer => {
  const asked = decode('GetClusterInfoRequest', request).id as Uuid | null;
  const found = asked === null ? clusters : clusters.filter(isOf(asked));
  return encode('GetClusterInfoResponse', { clusters: found.map(infoOf) });
};
