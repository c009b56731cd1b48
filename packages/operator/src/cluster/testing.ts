import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { openKubeApi, type KubeApi } from './kube-api.ts';

/** One request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  readonly at: number;
}

export type Reply = (response: ServerResponse, seen: Seen) => void;

/** A real HTTP server for tests that answers by a script. */
export interface ScriptedServer {
  readonly url: string;
  readonly api: KubeApi;
  readonly seen: readonly Seen[];
  /** Ends every connection at once and stops. */
  close(): Promise<void>;
  /** Breaks all connections, and goes on. */
  cut(): void;
}

export const json =
  (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

/** A metav1.Status. */
export const status = (code: number, message: string, reason = ''): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  message,
  reason,
});

/** The lines of a watch; stays open unless `end`. */
export const stream =
  (events: readonly object[], how: 'stay' | 'end' = 'stay'): Reply =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    if (how === 'end') response.end();
  };

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? null : (JSON.parse(text) as unknown);
};

const seenOf = async (request: IncomingMessage): Promise<Seen> => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: await bodyOf(request),
    at: performance.now(),
  };
};

const listen = async (server: Server): Promise<string> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** An API of a server on this machine, without credentials unless given. */
export const apiOf = (url: string, token?: string): KubeApi => {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'test', server: url, skipTLSVerify: true },
    { name: 'tester', ...(token === undefined ? {} : { token }) },
  );
  return openKubeApi({ config, origin: 'explicit', context: 'test', server: url, namespace: null });
};

/** Starts a server that answers each request as `answer` says. */
export const scriptedServer = async (answer: (seen: Seen) => Reply): Promise<ScriptedServer> => {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void seenOf(request).then((one) => {
      seen.push(one);
      answer(one)(response, one);
    });
  });
  const url = await listen(server);
  const api = apiOf(url);
  return {
    url,
    api,
    seen,
    cut: () => server.closeAllConnections(),
    close: async () => {
      await api.close();
      server.closeAllConnections();
      server.close();
    },
  };
};
