import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { http } from '../http.ts';

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Null where it was longer than an operator's answer can be. */
  readonly body: string | null;
}

type Headers = Readonly<Record<string, string>>;

export interface Transport {
  /** Posts once. Rejects where no whole answer came in time. */
  post(content: Buffer, headers: Headers): Promise<Reply>;
  /** Gets something of the same server once, over the same connection: after what is under way. Rejects likewise. */
  get(path: string, headers: Headers): Promise<Reply>;
  /** Ends what is under way and lets go of the connection. */
  close(): void;
}

/** How long to wait for an answer; both in milliseconds. */
export interface Patience {
  /** Without a byte. An operator whose store is away says so after 13 s: 3 s for what it does not know yet, 10 s for the store. */
  readonly silence: number;
  /** For all of it, since one may also answer a byte at a time. */
  readonly total: number;
}

const PATIENCE: Patience = { silence: 15_000, total: 60_000 };
/** Rejections of a batch are at most some 100 KB; a longer answer is not from an operator of ours. */
const LONGEST_ANSWER = 1_048_576;

type Open = (url: URL, options: RequestOptions) => ClientRequest;

/** Node's own client: undici's takes 22 MB more, also where it is used for a single connection. */
async function opener(target: URL, ca: Buffer | null): Promise<{ open: Open; agent: Agent }> {
  const keeping = { keepAlive: true, maxSockets: 1 };
  if (target.protocol === 'http:')
    return { agent: new http.Agent(keeping), open: (url, options) => http.request(url, options) };
  const https = await import('node:https');
  const agent = new https.Agent({ ...keeping, ...(ca === null ? {} : { ca }) });
  return { agent, open: (url, options) => https.request(url, options) };
}

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Headers;
  readonly content: Buffer;
}
const NOTHING = Buffer.alloc(0);

/** A kept connection to the server of `target`, where posts go; it is made with the first request. */
export function createTransport(target: URL, ca: Buffer | null, patience = PATIENCE): Transport {
  const ended = new AbortController();
  const opening = opener(target, ca);
  const send = async (asked: Asked, mayRepeat = true): Promise<Reply> => {
    const { method, url, headers, content } = asked;
    const { open, agent } = await opening;
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(patience.total)]);
    const sent = open(url, { method, headers, agent, signal, timeout: patience.silence });
    try {
      return await replyTo(sent, content, patience);
    } catch (error) {
      // The other side closed an idle connection at the moment we used it (nodejs.org, http: request.reusedSocket).
      if (mayRepeat && sent.reusedSocket && isReset(error)) return send(asked, false);
      throw error;
    }
  };
  return {
    post(content, headers) {
      const withLength = { ...headers, 'content-length': String(content.length) };
      return send({ method: 'POST', url: target, headers: withLength, content });
    },
    get: (path, headers) => send({ method: 'GET', url: new URL(path, target), headers, content: NOTHING }),
    close() {
      ended.abort();
      void opening.then(({ agent }) => agent.destroy());
    },
  };
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');

async function replyTo(sent: ClientRequest, content: Buffer, { silence }: Patience): Promise<Reply> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error(`silence for ${silence / 1000} s`)));
    sent.end(content);
  });
  // A connection that breaks now is told of by the response.
  sent.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'] ?? null,
    body: await textOf(response),
  };
}

async function textOf(response: AsyncIterable<Buffer>): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    // Leaving the loop ends the connection.
    if (length > LONGEST_ANSWER) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
