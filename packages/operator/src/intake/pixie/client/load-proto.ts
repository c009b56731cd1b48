import { fileURLToPath } from 'node:url';
import type { MethodDefinition, status as Code } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';

/** A 64-bit number in decimal digits. */
export type Digits = string;

export interface PixieStatus {
  readonly code: Code;
  readonly message: string;
  readonly errorDetails: readonly {
    readonly compilerError?: {
      readonly line: Digits;
      readonly column: Digits;
      readonly message: string;
    };
  }[];
}

export interface TableSchema {
  readonly id: string;
  readonly name: string;
  readonly relation: {
    /** A type that Pixie has and we do not know is a number. */
    readonly columns: readonly { readonly columnName: string; readonly columnType: string | number }[];
  } | null;
}

export interface QueryData {
  /** A serialized RowBatchData; empty where there is none. */
  readonly batch: Buffer;
  /** A serialized RowBatchData in a compact JWE; empty where there is none. */
  readonly encryptedBatch: Buffer;
  readonly executionStats: {
    readonly timing: { readonly executionTimeNs: Digits } | null;
    readonly bytesProcessed: Digits;
    readonly recordsProcessed: Digits;
  } | null;
}

export interface ScriptAnswer {
  readonly status: PixieStatus | null;
  readonly queryId: string;
  readonly data?: QueryData;
  readonly metaData?: TableSchema;
  readonly mutationInfo: {
    readonly status: PixieStatus | null;
    readonly states: readonly { readonly state: string | number; readonly name: string }[];
  } | null;
}

export interface ScriptQuestion {
  readonly clusterId: string;
  readonly queryStr?: string;
  readonly queryName?: string;
  readonly mutation?: boolean;
  readonly queryId?: string;
  readonly encryptionOptions?: EncryptionOptions | null;
}

/** How batches are to be encrypted, and for whom. */
export interface EncryptionOptions {
  readonly jwkKey: string;
  readonly keyAlg: string;
  readonly contentAlg: string;
  readonly compressionAlg: string;
}

interface UuidMessage {
  readonly highBits: Digits;
  readonly lowBits: Digits;
}

export interface ClusterQuestion {
  readonly id: UuidMessage;
}

export interface ClusterAnswer {
  readonly clusters: readonly {
    readonly id: UuidMessage | null;
    readonly status: string | number;
    readonly lastHeartbeatNs: Digits;
    readonly clusterName: string;
    readonly prettyClusterName: string;
    readonly vizierVersion: string;
    readonly numNodes: number;
    readonly numInstrumentedNodes: number;
    readonly statusMessage: string;
  }[];
}

export interface PixieMethods {
  readonly executeScript: MethodDefinition<ScriptQuestion, ScriptAnswer>;
  readonly getClusterInfo: MethodDefinition<ClusterQuestion, ClusterAnswer>;
}

/** As far from here in `src` as in `dist`. */
const FOLDER = fileURLToPath(new URL('../../../../proto/pixie', import.meta.url));

/** Reads the definitions of this package's `proto/pixie`; takes some 20 ms. */
export function loadPixieMethods(): PixieMethods {
  const definition = loadSync(['vizierapi.proto', 'cloudapi.proto'], {
    includeDirs: [FOLDER],
    longs: String,
    enums: String,
    defaults: true,
  });
  return {
    executeScript: methodOf(definition, 'px.api.vizierpb.VizierService', 'ExecuteScript'),
    getClusterInfo: methodOf(definition, 'px.cloudapi.VizierClusterInfo', 'GetClusterInfo'),
  };
}

/** The files are ours: what they define is known, and the interfaces above say it to the compiler. */
const methodOf = <Q, A>(
  definition: PackageDefinition,
  service: string,
  method: string,
): MethodDefinition<Q, A> =>
  (definition[service] as ServiceDefinition)[method] as unknown as MethodDefinition<Q, A>;
