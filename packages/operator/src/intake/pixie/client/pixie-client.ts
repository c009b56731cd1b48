import { sleep } from '../../../cluster/sleep.ts';
import type { PixieAddress } from './address.ts';
import { askCluster, type PixieCluster } from './cluster-info.ts';
import { openConnection } from './connection.ts';
import { type Encryption, makeEncryption } from './encryption.ts';
import { executeScript } from './execute-script.ts';
import { errorMaker } from './grpc-error.ts';
import type { OnRows, Pause, ScriptRequest, ScriptStats } from './script-run.ts';

export type { PixieCluster } from './cluster-info.ts';
export type { OnRows, RowBatch, ScriptRequest, ScriptStats } from './script-run.ts';

/** One cluster's Pixie. Errors are KernelGossipError; none holds the key. */
export interface PixieClient {
  /** Rejects with KG_UNREACHABLE, KG_FORBIDDEN (wrong key), KG_NOT_FOUND (unknown cluster) or KG_PIXIE_PROTOCOL. */
  clusterInfo(signal: AbortSignal): Promise<PixieCluster>;
  /**
   * Runs one script and hands over its rows, batch by batch; the next is read when the promise of the last has resolved.
   * KG_PIXIE_SCRIPT, with line and column, when it does not compile.
   */
  execute(request: ScriptRequest, onRows: OnRows, signal: AbortSignal): Promise<ScriptStats>;
  close(): void;
}

export type PixieOptions = PixieAddress & {
  /** Whether rows are encrypted from the cluster to here, past the cloud; true where not given. A standalone PEM cannot. */
  readonly encryption?: boolean;
  readonly pause?: Pause;
};

/** Connects at the first call. */
export function openPixieClient({ encryption = true, pause = sleep, ...address }: PixieOptions): PixieClient {
  const connection = openConnection(address);
  const make = errorMaker(address.apiKey);
  const encrypts = encryption && address.tls !== null;
  let keys: Promise<Encryption> | null = null;
  return {
    clusterInfo: (signal) => askCluster(connection, address, make, signal),
    execute: async (request, onRows, signal) => {
      signal.throwIfAborted();
      const parts = {
        connection,
        address,
        encryption: encrypts ? await (keys ??= makeEncryption()) : null,
        make,
        pause,
      };
      return executeScript(request, onRows, signal, parts);
    },
    close: () => connection.close(),
  };
}
