import { readFileSync } from 'node:fs';
import { isRight } from 'fp-ts/lib/Either.js';
import { decode, KernelGossipError, messageOf, WebhookAnswer, type Rejection } from 'kernel-gossip-types';
import { Agent, request } from 'undici';
import { retryAfterMs } from './backoff.ts';

/** How the operator answered a batch. */
export type PostResult =
  /** It took what it did not reject; none of it is to be sent again. */
  | { readonly kind: 'done'; readonly rejected: readonly Rejection[] }
  /** It will never take this batch. */
  | { readonly kind: 'refused'; readonly status: number; readonly rejected: readonly Rejection[] }
  | { readonly kind: 'too-large' }
  /** It may take it later. */
  | { readonly kind: 'later'; readonly why: string; readonly retryAfterMs: number | null };

export interface Poster {
  /** Posts a JSON text. Never rejects. */
  post(body: string): Promise<PostResult>;
  /** Ends what is under way and lets go of the connection. */
  close(): Promise<void>;
}

export interface PosterSettings {
  /** Base URL of the operator. */
  readonly url: string;
  /** Bearer token, or null. */
  readonly token: string | null;
  /** File with the bearer token; read at each post, since kubelet renews it (bound service account tokens, KEP-1205). */
  readonly tokenFile: string | null;
  /** File with the certificates to trust for https, or null for the system's. */
  readonly caFile: string | null;
}

const TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
/** Rejections of a batch are at most some 100 KB; a longer answer is not from an operator of ours. */
const LONGEST_ANSWER = 1_048_576;
const PATH = 'webhook/pixie';

/** Statuses that speak of the batch itself, and not of its sender, its way or its time. */
const REFUSING = new Set([400, 422]);
const TOO_LARGE = 413;

function certificates(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const message = `KGOSSIP_CA_FILE or --ca-file: cannot be read: ${messageOf(cause)}`;
    throw new KernelGossipError('KG_CONFIG_INVALID', message, { cause });
  }
}

/** Where several addresses were tried, Node's error has a code and no message. */
const whyOf = (error: unknown): string =>
  messageOf(error) || (error instanceof Error && 'code' in error ? String(error.code) : 'no answer');

/** A connection to the operator at `settings.url`. Throws `KG_CONFIG_INVALID` where the certificates cannot be read. */
export function createPoster(settings: PosterSettings, wallMs: () => number): Poster {
  const target = new URL(PATH, settings.url.endsWith('/') ? settings.url : `${settings.url}/`);
  const agent = new Agent({
    connections: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    connect: {
      timeout: TIMEOUT_MS,
      ...(settings.caFile === null ? {} : { ca: certificates(settings.caFile) }),
    },
  });
  const send = async (body: string): Promise<PostResult> => {
    const token =
      settings.tokenFile === null ? settings.token : readFileSync(settings.tokenFile, 'utf8').trim();
    const response = await request(target, {
      method: 'POST',
      dispatcher: agent,
      body,
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    const answer = await answerOf(response.body);
    const header = response.headers['retry-after'];
    const wait = retryAfterMs(typeof header === 'string' ? header : null, wallMs());
    return judge(response.statusCode, answer, wait);
  };
  return {
    async post(body) {
      try {
        return await send(body);
      } catch (error) {
        return { kind: 'later', why: whyOf(error), retryAfterMs: null };
      }
    },
    close: () => agent.destroy(),
  };
}

function judge(status: number, answer: WebhookAnswer | null, wait: number | null): PostResult {
  const rejected = answer?.rejected ?? [];
  if (status >= 200 && status < 300) return { kind: 'done', rejected };
  if (REFUSING.has(status)) return { kind: 'refused', status, rejected };
  if (status === TOO_LARGE) return { kind: 'too-large' };
  return { kind: 'later', why: `status ${status}`, retryAfterMs: wait };
}

/** The operator's answer; null where it is something else, such as a proxy's page. */
async function answerOf(body: AsyncIterable<Uint8Array>): Promise<WebhookAnswer | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) return null;
    chunks.push(chunk);
  }
  try {
    const answer = decode(WebhookAnswer, JSON.parse(Buffer.concat(chunks).toString('utf8')));
    return isRight(answer) ? answer.right : null;
  } catch {
    return null;
  }
}
