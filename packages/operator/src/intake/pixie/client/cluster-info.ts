import { status as Code } from '@grpc/grpc-js';
import type { PixieAddress } from './address.ts';
import type { Connection } from './connection.ts';
import { errorOfCall, type ErrorMaker, statusOfThrown } from './grpc-error.ts';
import type { ClusterAnswer } from './load-proto.ts';
import { type Halves, halvesOfUuid, uuidOfHalves } from './uuid.ts';

const STATUSES = [
  'UNKNOWN',
  'HEALTHY',
  'UNHEALTHY',
  'DISCONNECTED',
  'UPDATING',
  'CONNECTED',
  'UPDATE_FAILED',
  'DEGRADED',
] as const;
export type PixieClusterStatus = (typeof STATUSES)[number];

/** How Pixie's cloud says that a cluster is. Of a standalone PEM nobody says it: all but the id is null. */
export interface PixieCluster {
  readonly id: string;
  readonly name: string | null;
  /** Scripts run when it is HEALTHY or DEGRADED. */
  readonly status: PixieClusterStatus | null;
  readonly statusMessage: string | null;
  readonly vizierVersion: string | null;
  readonly nodes: number | null;
  /** Nodes on which Pixie's agent runs. */
  readonly instrumentedNodes: number | null;
  /** How long ago the last heartbeat came, in nanoseconds. */
  readonly lastHeartbeatNs: number | null;
}

type ClusterMessage = ClusterAnswer['clusters'][number];

const ASKING = 'asking Pixie about the cluster';
const PATIENCE_MS = 5000;

/** Asks how the cluster is; a standalone PEM only whether it can be reached. */
export async function askCluster(
  connection: Connection,
  { clusterId }: PixieAddress,
  make: ErrorMaker,
  signal: AbortSignal,
): Promise<PixieCluster> {
  signal.throwIfAborted();
  const halves = halvesOfUuid(clusterId);
  const byMs = Date.now() + PATIENCE_MS;
  try {
    if (halves === null) {
      await connection.ready(byMs, signal);
      return clusterOf(clusterId, null);
    }
    const { clusters } = await askCloud(connection, halves, byMs, signal);
    const found = clusters.find((cluster) => idOf(cluster) === clusterId);
    if (found !== undefined) return clusterOf(clusterId, found);
  } catch (thrown) {
    signal.throwIfAborted();
    const status = statusOfThrown(thrown);
    if (status.code === Code.DEADLINE_EXCEEDED) connection.renew();
    throw errorOfCall(ASKING, status, make);
  }
  throw make('KG_NOT_FOUND', ASKING, `Pixie knows no cluster ${clusterId}; 'px get viziers' lists them`);
}

function askCloud(
  connection: Connection,
  { high, low }: Halves,
  byMs: number,
  signal: AbortSignal,
): Promise<ClusterAnswer> {
  const question = { id: { highBits: String(high), lowBits: String(low) } };
  return new Promise((resolve, reject) => {
    const call = connection.getClusterInfo(question, { deadline: byMs }, (error, answer) => {
      signal.removeEventListener('abort', cancel);
      if (error === null) resolve(answer ?? { clusters: [] });
      else reject(error);
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel);
  });
}

const idOf = ({ id }: ClusterMessage): string | null =>
  id === null ? null : uuidOfHalves({ high: BigInt(id.highBits), low: BigInt(id.lowBits) });

const clusterOf = (id: string, cluster: ClusterMessage | null): PixieCluster => ({
  id,
  name: textOf(cluster?.prettyClusterName) ?? textOf(cluster?.clusterName),
  status: cluster === null ? null : statusOf(cluster.status),
  statusMessage: textOf(cluster?.statusMessage),
  vizierVersion: textOf(cluster?.vizierVersion),
  nodes: cluster?.numNodes ?? null,
  instrumentedNodes: cluster?.numInstrumentedNodes ?? null,
  lastHeartbeatNs: cluster === null ? null : Number(cluster.lastHeartbeatNs),
});

/** What is not set comes as an empty text. */
const textOf = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

/** A status that Pixie has and we do not know is a number. */
const statusOf = (status: string | number): PixieClusterStatus =>
  STATUSES.find((known) => status === `CS_${known}`) ?? 'UNKNOWN';
