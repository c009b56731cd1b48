import { status, type Metadata } from '@grpc/grpc-js';
import type { FakeCluster } from './clusters.ts';
import { encryptionFault, type EncryptionOptions } from './encryption.ts';
import { decode } from './messages.ts';
import type { Verdict } from './query.ts';

/** One ExecuteScript as it arrived, the refused ones too. */
export interface ReceivedScript {
  readonly clusterId: string;
  /** Empty when a query is resumed. */
  readonly query: string;
  /** The query to be resumed, else empty. */
  readonly queryId: string;
  readonly mutation: boolean;
  readonly encryption: EncryptionOptions | null;
  readonly apiKey: string | null;
  readonly apiClient: string | null;
  readonly name: string;
}

interface WireRequest {
  readonly query_str: string;
  readonly cluster_id: string;
  readonly mutation: boolean;
  readonly encryption_options: {
    readonly jwk_key: string;
    readonly key_alg: string;
    readonly content_alg: string;
    readonly compression_alg: string;
  } | null;
  readonly query_id: string;
  readonly query_name: string;
}

const first = (metadata: Metadata, name: string): string | null => metadata.get(name)[0]?.toString() ?? null;

export const apiKeyOf = (metadata: Metadata): string | null => first(metadata, 'pixie-api-key');

export function readScript(message: Uint8Array, metadata: Metadata): ReceivedScript {
  const request = decode('ExecuteScriptRequest', message) as unknown as WireRequest;
  const encryption = request.encryption_options;
  return {
    clusterId: request.cluster_id,
    query: request.query_str,
    queryId: request.query_id,
    mutation: request.mutation,
    encryption: encryption && {
      jwkKey: encryption.jwk_key,
      keyAlg: encryption.key_alg,
      contentAlg: encryption.content_alg,
      compressionAlg: encryption.compression_alg,
    },
    apiKey: apiKeyOf(metadata),
    apiClient: first(metadata, 'pixie-api-client'),
    name: request.query_name,
  };
}

/** Whom the server lets in, and to what. */
export interface Gate {
  readonly apiKey?: string;
  readonly clusters?: readonly FakeCluster[];
}

/** Why this key is refused, or null. */
export const keyFault = ({ apiKey }: Gate, given: string | null): Verdict | null =>
  apiKey === undefined || apiKey === given
    ? null
    : { code: status.UNAUTHENTICATED, details: 'invalid auth token' };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Why this cluster cannot be asked, or null. Of an unknown one the cloud says only that it has no credentials for it. */
export function clusterFault({ clusters }: Gate, id: string): Verdict | null {
  if (clusters === undefined) return null;
  if (!UUID.test(id)) return { code: status.INVALID_ARGUMENT, details: 'missing/malformed cluster_id' };
  const cluster = clusters.find((each) => each.id.toLowerCase() === id.toLowerCase());
  if (cluster === undefined) return { code: status.INTERNAL, details: 'failed to fetch creds for cluster' };
  if (cluster.status === 'HEALTHY' || cluster.status === 'DEGRADED') return null;
  return { code: status.UNAVAILABLE, details: 'cluster is not in a healthy state' };
}

/** Why this script is not run, or null; checked in the order of the real server. */
export const scriptFault = (gate: Gate, script: ReceivedScript): Verdict | null =>
  keyFault(gate, script.apiKey) ??
  clusterFault(gate, script.clusterId) ??
  (script.encryption && encryptionFault(script.encryption));
