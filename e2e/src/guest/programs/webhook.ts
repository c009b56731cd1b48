import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

export interface Webhook {
  readonly url: string;
  /** All that was posted so far. */
  readonly messages: readonly unknown[];
  close(): Promise<void>;
}

/** An operator's webhook that takes whatever comes. */
export async function listen(): Promise<Webhook> {
  const messages: unknown[] = [];
  const server = createServer((request, response) => {
    if (request.method !== 'POST') {
      request.resume();
      response.writeHead(404).end();
      return;
    }
    void buffer(request).then((body) => {
      const json = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      const posted = JSON.parse(json.toString()) as readonly unknown[];
      messages.push(...posted);
      response.writeHead(202, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ accepted: posted.length, rejected: [], error: null }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
