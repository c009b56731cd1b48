import { request, type Dispatcher } from 'undici';
import { isKernelGossipError, KernelGossipError } from 'kernel-gossip-types';
import { Credentials } from './credentials.ts';
import { deadline, type Deadline } from './deadline.ts';
import type { LoadedKubeConfig } from './kube-config.ts';
import { errorOfNetwork, errorOfResponse } from './kube-error.ts';

export type Query = Readonly<Record<string, string | number | boolean>>;

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the server, like `/api/v1/pods`; its parts already encoded (see `pathOf`). */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` where not given. */
  readonly contentType?: string;
  /** What to answer in, where it is not `application/json`, like PartialObjectMetadata. */
  readonly accept?: string;
  /** `text` for the few paths that do not answer in JSON, like `/readyz`; `json` where not given. */
  readonly as?: 'json' | 'text';
  readonly signal?: AbortSignal;
  /** For the request as a whole; 30 s where not given. */
  readonly timeoutMs?: number;
}

export interface KubeWatch {
  readonly path: string;
  readonly query?: Query;
  readonly signal: AbortSignal;
  /** The watch fails when nothing, not even its headers, comes for so long. */
  readonly idleMs: number;
}

/**
 * The Kubernetes API as plain JSON. Every method throws `KubeError` (its codes are those of the store), whose message
 * names the request and holds the server's own words; when the caller's signal aborts, it throws that signal's reason.
 */
export interface KubeApi {
  readonly server: string;
  /** Sends a request; resolves with the answer's JSON, null where it has no body. Tried once; a 401 is tried again with a token read anew. */
  request(request: KubeRequest): Promise<unknown>;
  /**
   * Opens a watch; resolves when the server begins to answer. Yields each event as it comes; ends when the server
   * ends the watch, throws when the connection broke, in particular in the middle of an event.
   */
  watch(watch: KubeWatch): Promise<AsyncIterable<unknown>>;
  close(): Promise<void>;
}

/** A path of the API with its parts encoded: pathOf('api', 'v1', 'namespaces', name). */
export const pathOf = (...parts: readonly string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;

const DEFAULT_TIMEOUT_MS = 30_000;
/** etcd takes objects up to 1.5 MiB, of which JSON may make some more. */
const LONGEST_EVENT = 16 * 1024 * 1024;
/** What an error's body may hold; more is not read. */
const LONGEST_ERROR = 64 * 1024;
const USER_AGENT = 'kernel-gossip';

type Answer = Dispatcher.ResponseData;

class HttpKubeApi implements KubeApi {
  readonly server: string;
  readonly #credentials: Credentials;

  constructor({ server, config }: LoadedKubeConfig) {
    this.server = server.replace(/\/+$/, '');
    this.#credentials = new Credentials(config);
  }

  async request(one: KubeRequest): Promise<unknown> {
    const what = `${one.method} ${one.path}`;
    const until = deadline(one.timeoutMs ?? DEFAULT_TIMEOUT_MS, one.signal);
    try {
      const answer = await this.#sendTwice(one, 'requests', until.signal);
      return await bodyOf(what, answer, one.as ?? 'json');
    } catch (error) {
      throw translate(what, error, until, one.signal);
    } finally {
      until.release();
    }
  }

  async watch({ path, query, signal, idleMs }: KubeWatch): Promise<AsyncIterable<unknown>> {
    const what = `WATCH ${path}`;
    const until = deadline(idleMs, signal);
    try {
      const one = { method: 'GET', path, query: { ...query, watch: true } } as const;
      const answer = await this.#sendTwice(one, 'watches', until.signal);
      if (answer.statusCode !== 200) throw await failureOf(what, answer);
      until.extend();
      return events(what, answer, until, signal);
    } catch (error) {
      until.release();
      throw translate(what, error, until, signal);
    }
  }

  close(): Promise<void> {
    return this.#credentials.close();
  }

  /** A token may have been rotated since it was read: a refusal is believed when it comes again with a fresh one. */
  async #sendTwice(one: KubeRequest, way: 'requests' | 'watches', signal: AbortSignal): Promise<Answer> {
    const answer = await this.#send(one, way, signal);
    if (answer.statusCode !== 401 || !this.#credentials.renew()) return answer;
    await answer.body.dump();
    return this.#send(one, way, signal);
  }

  async #send(one: KubeRequest, way: 'requests' | 'watches', signal: AbortSignal): Promise<Answer> {
    const access = await this.#credentials.access();
    const url = new URL(this.server + one.path);
    for (const [name, value] of Object.entries(one.query ?? {})) url.searchParams.set(name, String(value));
    signal.throwIfAborted();
    return request(url, {
      method: one.method,
      dispatcher: access[way],
      signal,
      headers: {
        ...access.headers,
        'user-agent': USER_AGENT,
        accept: one.accept ?? 'application/json',
        ...(one.body === undefined ? {} : { 'content-type': one.contentType ?? 'application/json' }),
      },
      body: one.body === undefined ? null : JSON.stringify(one.body),
    });
  }
}

const headerOf = (answer: Answer, name: string): string | null => {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? null);
};

const bodyOf = async (what: string, answer: Answer, as: 'json' | 'text'): Promise<unknown> => {
  if (answer.statusCode < 200 || answer.statusCode > 299) throw await failureOf(what, answer);
  const text = await answer.body.text();
  if (as === 'text') return text;
  return text === '' ? null : parse(what, text);
};

const parse = (what: string, text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The parser's own message quotes the text, which may hold what no log should.
    throw errorOfNetwork(what, new Error('the answer is not JSON, or broke off', { cause: nameOf(error) }));
  }
};

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');

const failureOf = async (what: string, answer: Answer): Promise<KernelGossipError> => {
  const text = await startOf(answer);
  return errorOfResponse(what, answer.statusCode, parseOrNull(text), headerOf(answer, 'retry-after'));
};

const startOf = async (answer: Answer): Promise<string> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LONGEST_ERROR) break;
  }
  return Buffer.concat(chunks).toString('utf8');
};

const parseOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

/** Whatever was thrown on the way, as what callers are promised. */
const translate = (
  what: string,
  error: unknown,
  until: Deadline,
  signal: AbortSignal | undefined,
): unknown => {
  if (signal?.aborted === true) return signal.reason;
  if (until.passed()) return errorOfNetwork(what, new Error('no answer in time'));
  return isKernelGossipError(error) ? error : errorOfNetwork(what, error);
};

/** Puts a stream of bytes together to lines. */
class Lines {
  #rest: Buffer[] = [];
  /** Bytes that have no line feed behind them yet. */
  pending = 0;

  /** The lines that a chunk completes. */
  push(chunk: Buffer): readonly string[] {
    const pieces = splitLines(chunk);
    const last = pieces.at(-1) ?? chunk;
    const lines = pieces.slice(0, -1).map((piece) => this.#complete(piece));
    this.#rest.push(last);
    this.pending += last.length;
    return lines.filter((line) => line.trim() !== '');
  }

  #complete(piece: Buffer): string {
    const line = Buffer.concat([...this.#rest, piece]).toString('utf8');
    this.#rest = [];
    this.pending = 0;
    return line;
  }
}

async function* events(
  what: string,
  answer: Answer,
  until: Deadline,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  try {
    const lines = new Lines();
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      until.extend();
      for (const line of lines.push(chunk)) yield parse(what, line);
      if (lines.pending > LONGEST_EVENT) throw errorOfNetwork(what, new Error('an event is too long'));
    }
    if (lines.pending > 0)
      throw errorOfNetwork(what, new Error('the connection ended in the middle of an event'));
  } catch (error) {
    throw translate(what, error, until, signal);
  } finally {
    until.release();
    answer.body.destroy();
  }
}

const NEWLINE = 0x0a;

/** The pieces between line feeds; the last one is what has no line feed behind it yet. */
const splitLines = (chunk: Buffer): readonly Buffer[] => {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
    pieces.push(chunk.subarray(from, at));
    from = at + 1;
  }
  return [...pieces, chunk.subarray(from)];
};

/** Opens the API of a cluster. Nothing is sent until it is used. */
export const openKubeApi = (loaded: LoadedKubeConfig): KubeApi => new HttpKubeApi(loaded);
