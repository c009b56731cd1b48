import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from 'kernel-gossip-types';
import { isLoopbackHost, refuseRebound } from '../../authn/read-access.ts';
import type { Admit, Admitted } from './admission.ts';
import { decodeJson, decodeProtobuf, MAX_BODY_BYTES, type Exporting } from './exporting.ts';
import { drained, listen, type Listening } from './listening.ts';
import type { Message } from './message.ts';
import {
  broken,
  forbidden,
  invalid,
  statusBytes,
  statusJson,
  tooLarge,
  unimplemented,
  type Refusal,
} from './refusal.ts';

export interface HttpReceiverOptions {
  readonly host: string;
  readonly port: number;
  readonly admit: Admit;
  readonly exportings: readonly Exporting[];
  /** Called with what no other place took care of: a bug. */
  readonly onBug: (error: unknown) => void;
}

/** As of the webhook. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
};
const MAX_CONNECTIONS = 1024;

/** OTLP over HTTP: `POST /v1/metrics` and `POST /v1/traces`, in protobuf or JSON. */
export async function startHttpReceiver(options: HttpReceiverOptions): Promise<Listening> {
  const underWay = new Set<ServerResponse>();
  const service: Service = {
    routes: new Map(options.exportings.map((exporting) => [`/v1/${exporting.signal}`, exporting])),
    admit: options.admit,
    isLoopbackOnly: isLoopbackHost(options.host),
  };
  const server = createServer(TIMEOUTS, (request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    respond(request, response, service).catch((error: unknown) => {
      options.onBug(error);
      refuse(request, response, broken('the operator made a mistake; its log says more'));
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, options.host, options.port, 'OTLP_HTTP_PORT');
  return {
    port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await drained(Promise.all([...underWay].map((response) => once(response, 'close'))));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Service {
  readonly routes: ReadonlyMap<string, Exporting>;
  readonly admit: Admit;
  /** Whether it can be reached from this machine only. */
  readonly isLoopbackOnly: boolean;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, admit, isLoopbackOnly }: Service,
): Promise<void> {
  const exporting = routes.get(request.url?.replace(/\?.*$/s, '') ?? '');
  const wrong = exporting === undefined ? NOT_FOUND : wrongWith(request);
  if (exporting === undefined || wrong !== null) {
    refuse(request, response, unimplemented(wrong?.expected ?? ''), wrong?.status);
    return;
  }
  const admitted = await admit(request.headers.authorization, bytesAtMost(request));
  if (isLeft(admitted)) {
    refuse(request, response, admitted.left);
    return;
  }
  const { sender, place } = admitted.right;
  const rebound = sender.kind === 'anyone' ? refuseRebound({ isLoopbackOnly, host: hostOf(request) }) : null;
  if (rebound === null) await exportRequest(request, response, exporting, admitted.right);
  else {
    place.leave();
    refuse(request, response, forbidden(rebound.error));
  }
}

const hostOf = ({ headers }: IncomingMessage): string | null => headers.host ?? null;

async function exportRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { method, take }: Exporting,
  { sender, place }: Admitted,
): Promise<void> {
  try {
    const body = await readBody(request);
    if (body === null) return;
    if (isLeft(body)) {
      refuse(request, response, body.left);
      return;
    }
    const bytes = body.right;
    place.shrinkTo(bytes.byteLength);
    const taken = await take(
      () => (isJson(request) ? decodeJson(bytes) : decodeProtobuf(method, bytes)),
      sender,
    );
    if (isLeft(taken)) refuse(request, response, taken.left);
    else send(request, response, 200, { json: taken.right, protobuf: method.encode(taken.right) });
  } finally {
    place.leave();
  }
}

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';

const typeOf = ({ headers }: IncomingMessage): string =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
const isJson = (request: IncomingMessage): boolean => typeOf(request) === JSON_TYPE;
const encodingOf = ({ headers }: IncomingMessage): string =>
  headers['content-encoding']?.trim().toLowerCase() ?? 'identity';

interface Wrong {
  readonly status: number;
  readonly expected: string;
}
const NOT_FOUND: Wrong = { status: 404, expected: 'expected POST /v1/metrics or /v1/traces' };

/** What is wrong with a request, as far as its headers tell. Web pages cannot send either type across origins without asking first. */
function wrongWith(request: IncomingMessage): Wrong | null {
  if (request.method !== 'POST') return { status: 405, expected: 'expected POST' };
  if (![JSON_TYPE, PROTOBUF_TYPE].includes(typeOf(request))) {
    return { status: 415, expected: `expected Content-Type: ${PROTOBUF_TYPE} or ${JSON_TYPE}` };
  }
  if (!['identity', 'gzip'].includes(encodingOf(request))) {
    return { status: 415, expected: 'expected Content-Encoding: gzip, or none' };
  }
  return null;
}

/** What a compressed body will be once it is read is not known before. */
function bytesAtMost(request: IncomingMessage): number {
  const length = Number(request.headers['content-length'] ?? MAX_BODY_BYTES);
  return encodingOf(request) === 'identity' ? Math.min(length, MAX_BODY_BYTES) : MAX_BODY_BYTES;
}

const TOO_LARGE = tooLarge(`expected a body of at most ${MAX_BODY_BYTES} bytes, decompressed`);
const decompress = promisify(gunzip);

/** The body, decompressed; null where the sender went away. */
async function readBody(request: IncomingMessage): Promise<Either<Refusal, Uint8Array> | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // The connection is still needed for the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.byteLength;
      if (length > MAX_BODY_BYTES) return left(TOO_LARGE);
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  const body = Buffer.concat(chunks);
  return encodingOf(request) === 'gzip' ? decompressed(body) : right(body);
}

async function decompressed(body: Buffer): Promise<Either<Refusal, Uint8Array>> {
  try {
    return right(await decompress(body, { maxOutputLength: MAX_BODY_BYTES }));
  } catch (error) {
    const isBomb = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return left(isBomb ? TOO_LARGE : invalid(`expected gzip: ${messageOf(error)}`));
  }
}

const STATUSES: Readonly<Record<number, number>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.UNAVAILABLE]: 503,
};

function httpStatusOf({ code, retryAfterSeconds }: Refusal): number {
  if (code === status.RESOURCE_EXHAUSTED) return retryAfterSeconds === null ? 413 : 429;
  return STATUSES[code] ?? 500;
}

/** Refuses with a google.rpc.Status, in the sender's own format. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  statusCode = httpStatusOf(refusal),
): void {
  if (response.headersSent) return;
  // What is left of the body will not be read, so the connection cannot be used again.
  if (!request.complete) response.setHeader('Connection', 'close');
  if (refusal.retryAfterSeconds !== null) response.setHeader('Retry-After', refusal.retryAfterSeconds);
  if (statusCode === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="kernel-gossip"');
  if (statusCode === 405) response.setHeader('Allow', 'POST');
  send(request, response, statusCode, { json: statusJson(refusal), protobuf: statusBytes(refusal) });
}

interface Answer {
  readonly json: object | Message;
  readonly protobuf: Buffer;
}

/** In the format of the request, as OTLP has it; in JSON where that was neither of ours. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  statusCode: number,
  { json, protobuf }: Answer,
): void {
  const isProtobuf = typeOf(request) === PROTOBUF_TYPE;
  response.writeHead(statusCode, {
    'Content-Type': isProtobuf ? PROTOBUF_TYPE : JSON_TYPE,
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(isProtobuf ? protobuf : JSON.stringify(json));
}
