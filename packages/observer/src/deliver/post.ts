import { readFileSync } from 'node:fs';
import { isRight } from 'fp-ts/lib/Either.js';
import { decode, KernelGossipError, messageOf, WebhookAnswer, type Rejection } from 'kernel-gossip-types';
import { retryAfterMs } from './backoff.ts';
import type { Batch } from './batch.ts';
import { gzipped } from './gzip.ts';
import { createTransport, type Reply } from './transport.ts';

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
  /** Posts a batch once. Never rejects. */
  post(batch: Batch): Promise<PostResult>;
  /** Asks the operator for what is at `path` below its base URL. Rejects where no whole answer came in time. */
  get(path: string): Promise<Reply>;
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

const PATH = 'webhook/pixie';

/** Statuses that speak of the batch itself, and not of its sender, its way or its time. */
const REFUSING = new Set([400, 422]);
/** Of the batch where its observations are refused one by one, and else of the sender, who may get the right. */
const FORBIDDEN = 403;
const TOO_LARGE = 413;
/** Said of a Content-Encoding that is not known, too (RFC 9110, 15.5.16). */
const UNSUPPORTED = 415;

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
  const base = new URL(settings.url.endsWith('/') ? settings.url : `${settings.url}/`);
  const ca = settings.caFile === null ? null : certificates(settings.caFile);
  const transport = createTransport(new URL(PATH, base), ca);
  let takesGzip = true;
  const identity = (): Readonly<Record<string, string>> => {
    const { tokenFile } = settings;
    const token = tokenFile === null ? settings.token : readFileSync(tokenFile, 'utf8').trim();
    return token === null ? {} : { authorization: `Bearer ${token}` };
  };
  const sendOnce = async (batch: Batch): Promise<Reply> => {
    const content = Buffer.from(batch.body);
    const compressed = takesGzip ? await gzipped(content) : null;
    const reply = await transport.post(compressed ?? content, {
      'content-type': 'application/json',
      'kernelgossip-stream': batch.stream,
      'kernelgossip-sequence': String(batch.first),
      'kernelgossip-dropped': String(batch.dropped),
      ...(compressed === null ? {} : { 'content-encoding': 'gzip' }),
      ...identity(),
    });
    if (reply.status !== UNSUPPORTED || compressed === null) return reply;
    takesGzip = false;
    return sendOnce(batch);
  };
  return {
    async post(batch) {
      try {
        const { status, body, retryAfter } = await sendOnce(batch);
        return judge(status, answerOf(body), retryAfterMs(retryAfter, wallMs()));
      } catch (error) {
        return { kind: 'later', why: whyOf(error), retryAfterMs: null };
      }
    },
    async get(path) {
      return transport.get(new URL(path, base).href, identity());
    },
    close: () => {
      transport.close();
      return Promise.resolve();
    },
  };
}

function judge(status: number, answer: WebhookAnswer | null, wait: number | null): PostResult {
  const rejected = answer?.rejected ?? [];
  if (status >= 200 && status < 300) return { kind: 'done', rejected };
  if (REFUSING.has(status) || (status === FORBIDDEN && rejected.length > 0))
    return { kind: 'refused', status, rejected };
  if (status === TOO_LARGE) return { kind: 'too-large' };
  return { kind: 'later', why: `status ${status}`, retryAfterMs: wait };
}

/** The operator's answer; null where it is something else, such as a proxy's page. */
function answerOf(body: string | null): WebhookAnswer | null {
  try {
    const answer = decode(WebhookAnswer, JSON.parse(body ?? ''));
    return isRight(answer) ? answer.right : null;
  } catch {
    return null;
  }
}
