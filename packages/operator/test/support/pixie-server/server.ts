import {
  Server,
  ServerCredentials,
  status,
  type MethodDefinition,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { batchEncoder } from './batch.ts';
import { clusterInfo, type FakeCluster } from './clusters.ts';
import { sealerFor } from './encryption.ts';
import { decode, encode } from './messages.ts';
import { outletOf, type Outlet } from './outlet.ts';
import type { ScriptPlay } from './play.ts';
import { openQuery, playOn, type Query, type Verdict } from './query.ts';
import {
  apiKeyOf,
  clusterFault,
  keyFault,
  readScript,
  scriptFault,
  type Gate,
  type ReceivedScript,
} from './request.ts';

export interface PixieServerOptions {
  /** PEM texts; without them the server speaks in the clear. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The only key that is let in; without it nobody is asked for one. */
  readonly apiKey?: string;
  /** What the cloud looks after. Without them this is a standalone PEM: it has no GetClusterInfo and asks for no cluster. */
  readonly clusters?: readonly FakeCluster[];
  readonly scripts: (request: ReceivedScript) => ScriptPlay | Promise<ScriptPlay>;
}

export interface PixieServer {
  /** Host and port without a scheme, as Pixie's addresses are written. */
  readonly url: string;
  readonly port: number;
  readonly received: readonly ReceivedScript[];
  readonly close: () => Promise<void>;
}

type Streaming = ServerWritableStream<Buffer, Buffer>;

const bytes = (value: Buffer): Buffer => value;

const method = (path: string, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

const VIZIER = {
  executeScript: method('/px.api.vizierpb.VizierService/ExecuteScript', true),
  healthCheck: method('/px.api.vizierpb.VizierService/HealthCheck', true),
};
const CLOUD = { getClusterInfo: method('/px.cloudapi.VizierClusterInfo/GetClusterInfo', false) };

interface ScriptRunner {
  readonly run: (call: Streaming, outlet: Outlet) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Looks after the queries that were broken off, until they are resumed or the server closes. */
function scriptRunner(options: PixieServerOptions, received: ReceivedScript[]): ScriptRunner {
  const brokenOff = new Map<string, Query>();
  const encodeBatch = batchEncoder();

  const queryFor = async (script: ReceivedScript): Promise<Query | Verdict> => {
    if (script.queryId === '') return openQuery(await options.scripts(script));
    const query = brokenOff.get(script.queryId);
    brokenOff.delete(script.queryId);
    return query ?? { code: status.INVALID_ARGUMENT, details: `no query ${script.queryId} to resume` };
  };

  const run = async (call: Streaming, outlet: Outlet): Promise<void> => {
    const script = readScript(call.request, call.metadata);
    received.push(script);
    const query = scriptFault(options, script) ?? (await queryFor(script));
    if ('code' in query) {
      outlet.end(query);
      return;
    }
    const seal = script.encryption && sealerFor(script.encryption);
    const ending = await playOn(query, outlet, { encode: encodeBatch, seal }).catch(
      async (error: unknown) => {
        await query.steps.return();
        throw error;
      },
    );
    if ('code' in ending) outlet.end(ending);
    else {
      brokenOff.set(query.id, query);
      outlet.cut(ending.cut);
    }
  };

  const close = async (): Promise<void> => {
    await Promise.all([...brokenOff.values()].map((query) => query.steps.return()));
  };
  return { run, close };
}

const HEARTBEAT_MS = 5000;

/** The real server repeats how it is until the caller hangs up. */
const healthCheck = (gate: Gate, call: Streaming): void => {
  const { cluster_id } = decode('HealthCheckRequest', call.request);
  const fault = keyFault(gate, apiKeyOf(call.metadata)) ?? clusterFault(gate, cluster_id as string);
  if (fault !== null) {
    outletOf(call).end(fault);
    return;
  }
  const tell = (): boolean => call.write(encode('HealthCheckResponse', { status: { code: 0 } }));
  const timer = setInterval(tell, HEARTBEAT_MS);
  call.once('cancelled', () => clearInterval(timer));
  tell();
};

const listen = (server: Server, { tls }: PixieServerOptions): Promise<number> => {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) },
        ]);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
};

/**
 * A Pixie that a test can play: the cloud with its clusters, or a standalone PEM, on a free port of this machine. It
 * answers each script with the steps that the test gives, and behaves otherwise as the real one is known to.
 */
export async function startPixieServer(options: PixieServerOptions): Promise<PixieServer> {
  const received: ReceivedScript[] = [];
  const runner = scriptRunner(options, received);
  const { clusters } = options;

  const server = new Server();
  server.addService(VIZIER, {
    executeScript: (call: Streaming) => {
      const outlet = outletOf(call);
      runner.run(call, outlet).catch((error: unknown) => {
        outlet.end({ code: status.UNKNOWN, details: String(error) });
      });
    },
    healthCheck: (call: Streaming) => healthCheck(options, call),
  });
  if (clusters !== undefined) {
    server.addService(CLOUD, {
      getClusterInfo: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
        const fault = keyFault(options, apiKeyOf(call.metadata));
        if (fault === null) reply(null, clusterInfo(clusters, call.request));
        else reply(fault);
      },
    });
  }

  const port = await listen(server, options);
  return {
    url: `127.0.0.1:${port}`,
    port,
    received,
    close: () => {
      server.forceShutdown();
      return runner.close();
    },
  };
}
