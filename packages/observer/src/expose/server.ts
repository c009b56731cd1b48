import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';
import { http } from '../http.ts';
import { CONTENT_TYPE, exposition } from './exposition.ts';
import type { Collector } from './family.ts';

export interface ExposeSettings {
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  readonly host: string;
}

export interface ExposeParts {
  readonly collectors: readonly Collector[];
  /** Why observations cannot be made or delivered now; null while all is well. */
  readonly whyNotReady: () => string | null;
}

export interface Exposed {
  readonly port: number;
  close(): Promise<void>;
}

/** Scrapers are few; more connections than these are turned away. */
const MOST_CONNECTIONS = 32;
const TIMEOUT_MS = 10_000;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
const text = (status: number, body: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

/**
 * Listens for `GET /metrics` (Prometheus), `/healthz` (the process answers) and `/readyz` (503, and why, while it cannot do its
 * work). Throws `KG_CONFIG_INVALID` where the port cannot be had.
 */
export async function expose(settings: ExposeSettings, parts: ExposeParts): Promise<Exposed> {
  const metrics = sharing(async () => {
    const families = await Promise.all(parts.collectors.map(async (collect) => collect()));
    return exposition(families.flat());
  });
  const answerTo = async (path: string): Promise<Answer> => {
    if (path === '/metrics') return { status: 200, type: CONTENT_TYPE, body: await metrics() };
    if (path === '/healthz') return text(200, 'ok');
    if (path !== '/readyz') return text(404, 'not found; try /metrics, /healthz or /readyz');
    const why = parts.whyNotReady();
    return text(why === null ? 200 : 503, why ?? 'ok');
  };
  const server = http.createServer((request, response) => {
    void respond(request, response, answerTo);
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.requestTimeout = server.headersTimeout = TIMEOUT_MS;
  const port = await listen(server, settings);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One answer for all who ask while it is made, so that many scrapers cost no more than one. */
function sharing(make: () => Promise<string>): () => Promise<string> {
  let making: Promise<string> | null = null;
  return () =>
    (making ??= make().finally(() => {
      making = null;
    }));
}

async function respond(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  answerTo: (path: string) => Promise<Answer>,
): Promise<void> {
  const isRead = method === 'GET' || method === 'HEAD';
  const path = (url ?? '/').split('?', 1)[0] ?? '/';
  if (!isRead) response.setHeader('allow', 'GET, HEAD');
  const { status, type, body } = isRead
    ? await answerTo(path).catch((error: unknown) => text(500, messageOf(error)))
    : text(405, 'only GET and HEAD');
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(method === 'HEAD' ? undefined : body);
}

async function listen(server: Server, { port, host }: ExposeSettings): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.on('error', (cause) => {
      const message = `--metrics-port ${port} on ${host}: ${messageOf(cause)}`;
      reject(new KernelGossipError('KG_CONFIG_INVALID', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}
