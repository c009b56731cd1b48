import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';
import { Agent, type buildConnector, ProxyAgent, Socks5ProxyAgent, type Dispatcher } from 'undici';

/** What one request needs to get through: headers with the token as it is now, and connections that trust the server. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  /** For requests that end: few connections, used again. */
  readonly requests: Dispatcher;
  /** For watches, each of which keeps a connection for itself. */
  readonly watches: Dispatcher;
}

interface Connections extends Omit<Access, 'headers'> {
  /** Tells one set of certificates from another. */
  readonly key: string;
}

/** A burst of writes waits for these instead of opening a TLS connection for each. */
const REQUEST_CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 10_000;
/** A credential plugin may take a second and open a browser: not asked again sooner. */
const RENEW_EVERY_MS = 10_000;

type DispatcherOptions = ReturnType<KubeConfig['createDispatcherOptions']>;
type DispatcherTls = Extract<DispatcherOptions, { type: 'agent' }>['connect'];

/** The same options by the other library's name for them, with a limit to how long connecting may take. */
const tls = (options: DispatcherTls): buildConnector.BuildOptions =>
  ({ ...options, timeout: CONNECT_TIMEOUT_MS }) as buildConnector.BuildOptions;

const dispatcherOf = (options: DispatcherOptions, connections: number | null): Dispatcher => {
  // Our own deadlines cover all of a request; undici's would end a quiet watch after 300 s.
  const pool = { headersTimeout: 0, bodyTimeout: 0, allowH2: false, connections };
  switch (options.type) {
    case 'proxy':
      return new ProxyAgent({ ...pool, uri: options.uri, requestTls: tls(options.requestTls) });
    case 'socks':
      return new Socks5ProxyAgent(options.uri, { ...pool, requestTls: tls(options.requestTls) });
    case 'agent':
      return new Agent({ ...pool, connect: tls(options.connect) });
    case 'none':
      return new Agent({ ...pool, connect: { timeout: CONNECT_TIMEOUT_MS } });
  }
};

/** What client-node fills in: certificates as file contents, the token as a header. */
type Filled = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername' | 'auth'> & {
  headers?: Record<string, string>;
};

const basicAuth = (auth: string | null | undefined): Readonly<Record<string, string>> =>
  auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};

const without = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;

/**
 * The credentials of a cluster, read anew for each request: a rotated token is used within a minute (client-node reads
 * token files at most that often) and at once after a 401; a rotated certificate gets new connections.
 *
 * client-node 2.0.1 makes a new dispatcher for each request (`createDispatcher` has no cache), which would mean a TLS
 * handshake each time; so the connections are kept here.
 */
export class Credentials {
  #config: KubeConfig;
  #connections: Connections | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(config: KubeConfig) {
    this.#config = config;
  }

  /** Throws `KG_CONFIG_INVALID` when a token file, certificate or plugin cannot be read or run. */
  async access(): Promise<Access> {
    try {
      const filled: Filled = {};
      await this.#config.applyToHTTPSOptions(filled);
      const { requests, watches } = this.#connect(filled);
      return { headers: { ...filled.headers, ...basicAuth(filled.auth) }, requests, watches };
    } catch (error) {
      throw new KernelGossipError('KG_CONFIG_INVALID', `Cannot use the kubeconfig: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Forgets tokens that were kept, as the server refused one. Says whether that was due. */
  renew(): boolean {
    const [cluster, user] = [this.#config.getCurrentCluster(), this.#config.getCurrentUser()];
    const now = performance.now();
    if (cluster === null || user === null || now - this.#renewedAt < RENEW_EVERY_MS) return false;
    this.#renewedAt = now;
    this.#config = new KubeConfig();
    this.#config.loadFromClusterAndUser(cluster, user);
    return true;
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    this.#connections = null;
    await Promise.all([connections?.requests.destroy(), connections?.watches.destroy()]);
  }

  #connect({ ca, cert, key, rejectUnauthorized, servername }: Filled): Connections {
    const given = without({ ca, cert, key, rejectUnauthorized, servername });
    const id = createHash('sha256').update(JSON.stringify(given)).digest('hex');
    if (this.#connections?.key === id) return this.#connections;
    const options = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), given);
    const old = this.#connections;
    this.#connections = {
      key: id,
      requests: dispatcherOf(options, REQUEST_CONNECTIONS),
      watches: dispatcherOf(options, null),
    };
    // Requests under way come to their end on the old connections.
    void old?.requests.close();
    void old?.watches.close();
    return this.#connections;
  }
}
