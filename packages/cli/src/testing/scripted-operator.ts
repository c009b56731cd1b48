import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLeft } from 'fp-ts/lib/Either.js';
import {
  API_VERSION,
  decodeObservation,
  type KernelWhisper,
  type PodBirthCertificate,
} from 'kernel-gossip-types';

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the peer answers next; a test changes it as it goes. */
export interface Script {
  whispers: readonly KernelWhisper[];
  certificates: readonly PodBirthCertificate[];
  /** Answers of the webhook before it behaves. */
  webhookFirst: Refusal[];
  /** Answers of the lists before they behave. */
  listsFirst: Refusal[];
  /** Events for a reader that was away; null: it is told to list again. */
  missed: string | null;
  /** Status of every answer instead of the real one; null: behaves. */
  refuseWith: number | null;
  received: unknown[];
  /** Streams that are open now. */
  readonly streams: Set<ServerResponse>;
  readonly lastEventIds: (string | undefined)[];
}

export interface ScriptedOperator extends AsyncDisposable {
  readonly url: string;
  readonly script: Script;
  /** Sends a piece of text to every open stream. */
  stream(text: string): void;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}

const json = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

async function webhook(script: Script, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const first = script.webhookFirst.shift();
  if (first !== undefined) {
    json(response, first.status, { accepted: 0, rejected: [], error: 'scripted' }, first.headers);
    return;
  }
  const observations = Array.isArray(body) ? (body as readonly unknown[]) : [body];
  script.received.push(...observations);
  const rejected = observations.flatMap((observation, index) => {
    const decoded = decodeObservation(observation);
    return isLeft(decoded) ? decoded.left.map((failure) => ({ index, ...failure })) : [];
  });
  const accepted = observations.length - new Set(rejected.map(({ index }) => index)).size;
  json(response, accepted === 0 ? 400 : 202, { accepted, rejected, error: null });
}

function openStream(script: Script, request: IncomingMessage, response: ServerResponse): void {
  const lastId = request.headers['last-event-id'] as string | undefined;
  script.lastEventIds.push(lastId);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': here\n\n');
  if (lastId !== undefined) response.write(script.missed ?? 'event: reset\ndata: {}\n\n');
  response.write('event: hello\nid: 40\ndata: {}\n\n');
  script.streams.add(response);
  response.on('close', () => script.streams.delete(response));
}

function read(script: Script, path: string, response: ServerResponse): void {
  const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1] ?? null;
  const here = ({ metadata }: KernelWhisper | PodBirthCertificate): boolean =>
    namespace === null || metadata.namespace === namespace;
  const list = (kind: string, items: readonly unknown[]): void => {
    const first = script.listsFirst.shift();
    if (first !== undefined) json(response, first.status, { error: 'scripted' }, first.headers);
    else json(response, 200, { apiVersion: API_VERSION, kind, metadata: { resourceVersion: null }, items });
  };
  if (path.endsWith('/kernelwhispers')) list('KernelWhisperList', script.whispers.filter(here));
  else if (path.endsWith('/podbirthcertificates'))
    list('PodBirthCertificateList', script.certificates.filter(here));
  else if (path.endsWith('/about'))
    json(response, 200, { name: 'kernel-gossip-operator', version: '9.9.9', store: 'sqlite' });
  else if (path === '/ready')
    json(response, 503, { ready: false, checks: [{ name: 'store', ok: false, message: 'is locked' }] });
  else json(response, 404, { error: `there is nothing at ${path}` });
}

/** A peer that speaks the operator's API with the real codecs, for what the real operator does not do on demand. */
export async function scriptedOperator(): Promise<ScriptedOperator> {
  const script: Script = {
    whispers: [],
    certificates: [],
    webhookFirst: [],
    listsFirst: [],
    missed: null,
    refuseWith: null,
    received: [],
    streams: new Set(),
    lastEventIds: [],
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (script.refuseWith !== null)
      json(response, script.refuseWith, { error: 'scripted\u001b[31m refusal' });
    else if (path === '/webhook/pixie') void webhook(script, request, response);
    else if (path.endsWith('/changes')) openStream(script, request, response);
    else read(script, path, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script,
    stream: (text) => {
      for (const response of script.streams) response.write(text);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}
