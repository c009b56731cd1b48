import { isLeft } from 'fp-ts/lib/Either.js';
import {
  About,
  decode,
  KernelWhisper,
  KINDS,
  PodBirthCertificate,
  PodTraffic,
  VERSION,
  type Codec,
} from 'kernel-gossip-types';
import { keyIn } from './changes.ts';
import type { OperatorClock } from './operator-clock.ts';
import { serverEvents, type ServerEvent } from './server-events.ts';

/** Why an operator did not answer as asked. */
export class Refusal extends Error {
  /** The HTTP status; 0 where nothing came at all. */
  readonly status: number;
  /** How long it wants to be left alone at least, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(status: number, message: string, retryAfterMs = 0) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Objects as they were read, and `namespace/name` of those that could not be. */
export interface Listed<A> {
  readonly items: readonly A[];
  readonly unreadable: readonly string[];
}

/** The operator that served this page. All of it throws a `Refusal` when there is no answer. */
export interface Operator {
  readonly about: (signal: AbortSignal) => Promise<About>;
  readonly whispers: (signal: AbortSignal) => Promise<Listed<KernelWhisper>>;
  /** The newest certificates, of one pod or of all. */
  readonly certificates: (
    of: { readonly namespace: string; readonly pod: string } | null,
    signal: AbortSignal,
  ) => Promise<Listed<PodBirthCertificate>>;
  /** Null where nobody told of the pod's traffic. */
  readonly traffic: (
    pod: { readonly namespace: string; readonly pod: string },
    signal: AbortSignal,
  ) => Promise<PodTraffic | null>;
  /** What changes, from behind the event with this id on. Resolves when the stream has begun. */
  readonly changes: (lastId: string | null, signal: AbortSignal) => Promise<AsyncIterable<ServerEvent>>;
}

/** The operator sends a comment every 15 s; after three that did not come the connection is dead, whatever TCP thinks. */
const SILENCE_MS = 50_000;
const API = `api/${VERSION}`;
const NEWEST_CERTIFICATES = 200;

/** RFC 6750, 2.1. `fetch` throws on characters beyond Latin-1, and a server refuses a head that is too long. */
const TOKEN = /^[\w.~+/-]{1,8192}=*$/;
const NO_TOKEN =
  'This is no token: it has a character that no token has, perhaps one that is not seen, or is too long.';

/** Speaks to the operator below this address, with a token where one is known, and learns what time it is there. */
export function operatorAt(base: string, token: () => string | null, clock: OperatorClock): Operator {
  const ask = async (
    path: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<Response> => {
    const bearer = token();
    if (bearer !== null && !TOKEN.test(bearer)) throw new Refusal(401, NO_TOKEN);
    if (bearer !== null) headers.Authorization = `Bearer ${bearer}`;
    const askedAt = Date.now();
    const response = await fetch(new URL(`${API}/${path}`, base), {
      signal,
      headers,
      cache: 'no-store',
    }).catch((error: unknown) => {
      throw new Refusal(0, error instanceof Error ? error.message : 'nothing answered');
    });
    if (!response.ok) throw new Refusal(response.status, await errorIn(response), retryAfterMs(response));
    clock.learn(response.headers.get('Date'), askedAt);
    return response;
  };
  const list = async <A>(path: string, codec: Codec<A>, signal: AbortSignal): Promise<Listed<A>> => {
    const body = (await (await ask(path, signal)).json()) as { readonly items?: unknown };
    return decodeAll(codec, Array.isArray(body.items) ? body.items : []);
  };
  const { plural: certificates } = KINDS.PodBirthCertificate;
  return {
    about: async (signal) => decoded(About, await (await ask('about', signal)).json()),
    whispers: (signal) => list(KINDS.KernelWhisper.plural, KernelWhisper, signal),
    certificates: (of, signal) => {
      const path =
        of === null
          ? `${certificates}?newest=${NEWEST_CERTIFICATES}`
          : `namespaces/${encodeURIComponent(of.namespace)}/${certificates}?pod=${encodeURIComponent(of.pod)}`;
      return list(path, PodBirthCertificate, signal);
    },
    traffic: async ({ namespace, pod }, signal) => {
      const path = `namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/traffic`;
      const response = await ask(path, signal).catch((error: unknown) => {
        if (error instanceof Refusal && error.status === 404) return null;
        throw error;
      });
      return response === null ? null : decoded(PodTraffic, await response.json());
    },
    changes: async (lastId, signal) => {
      const silence = new AbortController();
      const response = await ask('changes', AbortSignal.any([signal, silence.signal]), {
        Accept: 'text/event-stream',
        ...(lastId === null ? {} : { 'Last-Event-ID': lastId }),
      });
      if (response.body === null) throw new Refusal(response.status, 'the stream of changes is empty');
      return serverEvents(whileNotSilent(response.body, silence));
    },
  };
}

async function* whileNotSilent(
  body: AsyncIterable<Uint8Array>,
  silence: AbortController,
): AsyncGenerator<Uint8Array> {
  const arm = (): ReturnType<typeof setTimeout> =>
    setTimeout(() => {
      silence.abort(new Error(`the operator was silent for ${SILENCE_MS / 1000} s`));
    }, SILENCE_MS);
  let timer = arm();
  try {
    for await (const chunk of body) {
      clearTimeout(timer);
      timer = arm();
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** No server may keep a page away for longer than this. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** `Retry-After` (RFC 9110, 10.2.3) in milliseconds. The operator sends seconds; a date of another is as good as none. */
function retryAfterMs({ headers }: Response): number {
  const text = headers.get('Retry-After') ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text) * 1000, LONGEST_RETRY_AFTER_MS) : 0;
}

async function errorIn(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null);
  const error: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : null;
  return typeof error === 'string' ? error : `the operator answered with status ${response.status}`;
}

function decoded<A>(codec: Codec<A>, body: unknown): A {
  const result = decode(codec, body);
  if (isLeft(result)) throw new Refusal(200, 'the operator answered with what this page cannot read');
  return result.right;
}

function decodeAll<A>(codec: Codec<A>, items: readonly unknown[]): Listed<A> {
  const read = items.map((item) => decode(codec, item));
  return {
    items: read.flatMap((result) => (isLeft(result) ? [] : [result.right])),
    unreadable: read.flatMap((result, index) =>
      isLeft(result) ? [keyIn(items[index]) ?? `without a name, ${index}`] : [],
    ),
  };
}
