import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { isLeft } from 'fp-ts/lib/Either.js';
import { decodeObservation, type CpuThrottle } from 'kernel-gossip-types';

/** What the fake operator answers a request with; `null` breaks the connection. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Request {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly items: readonly unknown[];
  /** As it came. */
  readonly content: Buffer;
}

const accepted = ({ items }: Request): Answer => ({
  status: 202,
  body: { accepted: items.length, rejected: [] },
});

export interface FakeOperator {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly Request[];
  /** How many connections were made. */
  connections(): number;
  /** What came, as the operator would decode it; fails on what it would not. */
  observations(): readonly CpuThrottle[];
  close(): Promise<void>;
}

/** An operator's webhook on a real socket. */
export async function listen(
  answer: (request: Request) => Answer | null = accepted,
  port = 0,
): Promise<FakeOperator> {
  const requests: Request[] = [];
  const server = createServer((incoming, outgoing) => {
    if (incoming.method !== 'POST') return void outgoing.writeHead(404).end();
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const content = Buffer.concat(chunks);
      const isGzip = incoming.headers['content-encoding'] === 'gzip';
      const json = (isGzip ? gunzipSync(content) : content).toString('utf8');
      const items = JSON.parse(json) as readonly unknown[];
      const request = { path: incoming.url ?? '', headers: incoming.headers, items, content };
      requests.push(request);
      const reply = answer(request);
      if (reply === null) return void incoming.socket.destroy();
      outgoing.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      return void outgoing.end(JSON.stringify(reply.body ?? null));
    });
  });
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const actual = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    requests,
    connections: () => connections,
    observations: (): readonly CpuThrottle[] =>
      requests
        .flatMap(({ items }) => items)
        .map((item) => {
          const decoded = decodeObservation(item);
          if (isLeft(decoded)) throw new Error(JSON.stringify(decoded.left));
          return decoded.right as CpuThrottle;
        }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
