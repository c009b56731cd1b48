import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { WebSocket } from 'undici';
import type { Access } from './credentials.ts';
import { pathOf } from './kube-api.ts';
import { errorOfNetwork } from './kube-error.ts';

/** A port of a pod. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

export interface PortForwardOptions {
  /** URL of the API server. */
  readonly server: string;
  readonly access: Access;
  readonly target: PodPort;
  /** How long the API server and the kubelet may take to open the way, in milliseconds. */
  readonly timeoutMs: number;
}

/** The kubelet's words for a connection over WebSocket: each message begins with the number of its channel. */
const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const ERROR = 1;
/** The first message of each channel says which port it is for, in two bytes. */
const PORT_BYTES = 2;
/** More than this much that is still to be sent lets the writer wait. */
const HIGH_WATER = 256 * 1024;
const DRAIN_MS = 5;
const LONGEST_ERROR = 1000;

/** One TCP connection to a port of a pod, by way of the API server. */
class ForwardedConnection extends Duplex {
  readonly #socket: WebSocket;
  readonly #announced = new Set<number>();

  constructor(socket: WebSocket, what: string) {
    super();
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(Buffer.from(data as ArrayBuffer), what));
    socket.addEventListener('close', () => this.push(null));
    socket.addEventListener('error', ({ message }) => this.destroy(errorOfNetwork(what, new Error(message))));
  }

  /** What comes waits in the stream: there is no word in this protocol to hold the other side up. */
  override _read(): void {
    // Messages are pushed as they come.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.concat([Buffer.of(DATA), chunk]));
    this.#whenDrained(done);
  }

  override _final(done: (error?: Error | null) => void): void {
    // Nor is there one to close a connection by half: the other side ends it, or whoever is done with it.
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.close();
    done(error);
  }

  #whenDrained(done: () => void): void {
    if (this.#socket.bufferedAmount <= HIGH_WATER || this.destroyed) done();
    else setTimeout(() => this.#whenDrained(done), DRAIN_MS);
  }

  #take(message: Buffer, what: string): void {
    const channel = message[0] ?? ERROR;
    const body = this.#announced.has(channel) ? message.subarray(1) : message.subarray(1 + PORT_BYTES);
    this.#announced.add(channel);
    if (body.length === 0) return;
    if (channel === DATA) this.push(body);
    else this.destroy(errorOfNetwork(what, new Error(body.toString().slice(0, LONGEST_ERROR))));
  }
}

/**
 * Opens a connection to a port of a pod, as `kubectl port-forward` does: from the kubelet straight into the pod's network
 * namespace, so that neither a Service nor a NetworkPolicy is in between, and headers stay as they are. It needs `get` and
 * `create` on pods/portforward. Rejects with `KG_STORE_UNAVAILABLE`; a WebSocket does not tell why it was refused.
 */
export async function openPortForward({
  server,
  access,
  target,
  timeoutMs,
}: PortForwardOptions): Promise<Duplex> {
  const path = pathOf('api', 'v1', 'namespaces', target.namespace, 'pods', target.pod, 'portforward');
  const what = `port-forward to ${target.namespace}/${target.pod}:${target.port}`;
  const url = new URL(server.replace(/\/+$/, '').replace(/^http/, 'ws') + path);
  url.searchParams.set('ports', String(target.port));
  const socket = new WebSocket(url, {
    protocols: [PROTOCOL],
    dispatcher: access.watches,
    headers: access.headers,
  });
  socket.binaryType = 'arraybuffer';
  const connection = new ForwardedConnection(socket, what);
  try {
    await Promise.race([
      once(socket, 'open', { signal: AbortSignal.timeout(timeoutMs) }),
      failing(connection),
    ]);
    return connection;
  } catch (error) {
    connection.destroy();
    throw errorOfNetwork(what, error);
  }
}

const failing = async (connection: Duplex): Promise<never> => {
  const [error] = (await once(connection, 'error')) as [Error];
  throw error;
};
