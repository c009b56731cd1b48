import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { http } from '../http.ts';

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Null where it was longer than an operator's answer can be. */
  readonly body: string | null;
}

export interface Transport {
  /** Posts once. Rejects where no whole answer came in time. */
  post(content: Buffer, headers: Readonly<Record<string, string>>): Promise<Reply>;
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

type Open = (options: RequestOptions) => ClientRequest;

/** Node's own client: undici's takes 22 MB more, also where it is used for a single connection. */
async function opener(target: URL, ca: Buffer | null): Promise<{ open: Open; agent: Agent }> {
  const keeping = { keepAlive: true, maxSockets: 1 };
  if (target.protocol === 'http:')
    return { agent: new http.Agent(keeping), open: (options) => http.request(target, options) };
  const https = await import('node:https');
  const agent = new https.Agent({ ...keeping, ...(ca === null ? {} : { ca }) });
  return { agent, open: (options) => https.request(target, options) };
}

/** A kept connection to `target`; it is made with the first post. */
export function createTransport(target: URL, ca: Buffer | null, patience = PATIENCE): Transport {
  const ended = new AbortController();
  const opening = opener(target, ca);
  const post = async (
    content: Buffer,
    headers: Readonly<Record<string, string>>,
    mayRepeat = true,
  ): Promise<Reply> => {
    const { open, agent } = await opening;
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(patience.total)]);
    const options = { method: 'POST', agent, signal, timeout: patience.silence };
    const sent = open({ ...options, headers: { ...headers, 'content-length': String(content.length) } });
    try {
      return await replyTo(sent, content, patience);
    } catch (error) {
      // The other side closed an idle connection at the moment we used it (nodejs.org, http: request.reusedSocket).
      if (mayRepeat && sent.reusedSocket && isReset(error)) return post(content, headers, false);
      throw error;
    }
  };
  return {
    post: (content, headers) => post(content, headers),
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
