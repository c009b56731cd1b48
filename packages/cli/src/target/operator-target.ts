import { isRight } from 'fp-ts/lib/Either.js';
import type { ObservationJson } from 'kernel-gossip-pxl-scripts';
import {
  About,
  API_VERSION,
  decode,
  isKernelGossipError,
  KernelGossipError,
  KINDS,
  messageOf,
  PodTraffic,
  VERSION,
  WebhookAnswer,
} from 'kernel-gossip-types';
import { asked } from './asked.ts';
import { backOffMs, pause, retryAfterMs } from './back-off.ts';
import { LIST_CODECS, OBJECT_CODECS } from './codecs.ts';
import { decodeAnswer, parseJson, textField } from './decode-answer.ts';
import { refused, whyUnreachable } from './failures.ts';
import { readinessOf } from './readiness.ts';
import { serverEvents, type ServerEvent } from './sse.ts';
import { nothingTold, trafficPath, type PodRef, type TrafficAnswer } from './traffic.ts';
import type {
  Finding,
  FindingLists,
  FindingResource,
  Findings,
  Heard,
  SendAnswer,
  ServerVersions,
  Target,
} from './target.ts';

const API = `/api/${VERSION}`;
export const ABOUT_PATH = `${API}/about`;
/** The operator sends a comment every 15 s; after three that did not come the connection is dead, whatever TCP thinks. */
const SILENCE_MS = 50_000;
/** How often a person's question is asked while the operator is too busy to answer it. */
const MOST_ASKED = 4;

export interface OperatorTargetOptions {
  readonly url: URL;
  /** Where the address comes from, in brackets behind it. */
  readonly origin: string;
  readonly token: string | null;
  readonly timeoutMs: number;
}

/** How far a follower got. */
interface Progress {
  /** The stream's own mark of the last event, by which the operator knows what we missed. */
  lastId: string | null;
  attempt: number;
  everHeard: boolean;
}

interface Listening {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly live: () => void;
}

/** Speaks to one operator's own HTTP API. */
export class OperatorTarget implements Target {
  readonly description: string;
  readonly defaultNamespace = null;
  readonly remedies = null;
  readonly #options: OperatorTargetOptions;
  readonly #base: string;

  constructor(options: OperatorTargetOptions) {
    this.#options = options;
    this.#base = options.url.href.replace(/\/+$/, '');
    this.description = `operator at ${this.#base} (${options.origin})`;
  }

  async list<K extends FindingResource>(
    kind: K,
    namespace: string | null,
    ending?: AbortSignal,
  ): Promise<FindingLists[K]> {
    const { plural } = KINDS[kind];
    const path =
      namespace === null
        ? `${API}/${plural}`
        : `${API}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
    const body = await this.#get(path, ending);
    return decodeAnswer<FindingLists[K]>(LIST_CODECS[kind], body, `the list of ${plural}`);
  }

  async *follow<K extends FindingResource>(
    kind: K,
    namespace: string | null,
    signal: AbortSignal,
    live: () => void = () => undefined,
  ): AsyncGenerator<Heard<Findings[K]>> {
    const progress: Progress = { lastId: null, attempt: 0, everHeard: false };
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      try {
        yield* this.#listen(kind, namespace, { progress, signal, live });
        if (!isOver()) yield { type: 'interrupted', why: 'the operator ended the stream' };
      } catch (error) {
        if (isOver()) return;
        if (!progress.everHeard || isKernelGossipError(error, 'KG_FORBIDDEN', 'KG_NOT_FOUND')) throw error;
        yield { type: 'interrupted', why: messageOf(error) };
      }
      await pause(backOffMs(progress.attempt), signal);
      progress.attempt += 1;
    }
  }

  async send(observations: readonly ObservationJson[]): Promise<SendAnswer> {
    const response = await this.#fetch('/webhook/pixie', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(observations.length === 1 ? observations[0] : observations),
    });
    return readSendAnswer(response.status, response.headers.get('retry-after'), await response.text());
  }

  async traffic(pod: PodRef): Promise<TrafficAnswer> {
    const path = trafficPath(pod);
    const response = await this.#fetch(path, {});
    if (response.status === 404) throw nothingTold(await response.text());
    const body = await this.#bodyOf(path, response);
    return { traffic: decodeAnswer(PodTraffic, body, 'the traffic of a pod'), silent: [] };
  }

  async examine(): Promise<readonly Finding[]> {
    try {
      const about = await this.#about();
      const reached: Finding = {
        question: 'operator reachable',
        ok: true,
        answer: `${this.#base}, version ${about.version}, findings kept in ${about.store}`,
        advice: null,
      };
      const ready = await this.#fetch('/ready', {});
      return [reached, ...readinessOf(parseJson(await ready.text()), ready.status)];
    } catch (error) {
      return [
        {
          question: 'operator reachable',
          ok: false,
          answer: messageOf(error),
          advice: 'Start it (`kgossip up` on one machine), or name another one with --url or KGOSSIP_URL.',
        },
      ];
    }
  }

  async versions(): Promise<ServerVersions> {
    const operator = await asked(() => this.#about());
    // Whoever answers at a path with a version serves that version.
    const api = operator.value === null ? operator : { value: [API_VERSION], why: null };
    return { operator, api, kubernetes: null };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #about(): Promise<About> {
    return readAbout(await this.#get(ABOUT_PATH));
  }

  /** One stream, from its beginning to its end. */
  async *#listen<K extends FindingResource>(
    kind: K,
    namespace: string | null,
    { progress, signal, live }: Listening,
  ): AsyncGenerator<Heard<Findings[K]>> {
    for await (const event of await this.#subscribe(progress.lastId, signal)) {
      // Subscribed first, listed second: what happens in between waits in the stream and is not missed. Who comes back is
      // told by the stream what was missed, or to list again: a list of now would be newer than what is told after it.
      const mustList = event.event === 'reset' || (event.event === 'hello' && progress.lastId === null);
      const heard = mustList
        ? await this.#everything(kind, namespace, signal)
        : heardOf(kind, namespace, event);
      // Only now: when a list fails, the operator must be asked again for what leads to it.
      progress.lastId = event.id ?? progress.lastId;
      if (heard !== null) {
        progress.everHeard = true;
        yield heard;
      }
      if (event.event === 'hello') {
        progress.attempt = 0;
        live();
      }
    }
  }

  async #everything<K extends FindingResource>(
    kind: K,
    namespace: string | null,
    signal: AbortSignal,
  ): Promise<Heard<Findings[K]>> {
    const { items } = await this.list(kind, namespace, signal);
    return { type: 'everything', objects: items as readonly Findings[K][] };
  }

  async #subscribe(lastId: string | null, signal: AbortSignal): Promise<AsyncGenerator<ServerEvent>> {
    const silence = new AbortController();
    const response = await this.#fetch(`${API}/changes`, {
      headers: { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok || response.body === null) {
      throw refused(`${this.#base}${API}/changes`, response.status, await errorOf(response));
    }
    return serverEvents(whileNotSilent(response.body, silence));
  }

  /** Asks again while the operator is too busy to answer and says when to come back. */
  async #get(path: string, ending = new AbortController().signal): Promise<unknown> {
    for (let asked = 1; ; asked += 1) {
      const signal = AbortSignal.any([AbortSignal.timeout(this.#options.timeoutMs), ending]);
      const response = await this.#fetch(path, { signal });
      const retryAfter = response.status === 503 ? response.headers.get('retry-after') : null;
      if (retryAfter === null) return this.#bodyOf(path, response);
      if (asked === MOST_ASKED) return this.#bodyOf(`${path} (asked ${asked} times)`, response);
      await response.body?.cancel();
      // Later than it asks, so that not all who were sent away return together.
      await pause(retryAfterMs(retryAfter) + backOffMs(asked - 1), ending);
    }
  }

  async #bodyOf(path: string, response: Response): Promise<unknown> {
    if (!response.ok) throw refused(`${this.#base}${path}`, response.status, await errorOf(response));
    return parseJson(await response.text());
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { token, timeoutMs } = this.#options;
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    try {
      return await fetch(this.#base + path, { signal: AbortSignal.timeout(timeoutMs), ...init, headers });
    } catch (error) {
      throw new KernelGossipError(
        'KG_UNREACHABLE',
        `Nothing answers at ${this.#base}: ${whyUnreachable(error)}. Start the one-machine mode with \`kgossip up\`, or name an operator with --url or a cluster with --context.`,
        { cause: error },
      );
    }
  }
}

/** What an event of a stream tells of one kind; null: nothing. */
function heardOf<K extends FindingResource>(
  kind: K,
  namespace: string | null,
  { event, data }: ServerEvent,
): Heard<Findings[K]> | null {
  if (event !== 'change') return null;
  const change = parseJson(data) as { readonly type?: unknown; readonly object?: unknown } | undefined;
  const type = textField(change, 'type');
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return null;
  const decoded = decode<Findings[K]>(OBJECT_CODECS[kind], change?.object);
  if (!isRight(decoded)) return null;
  const object = decoded.right;
  if (namespace !== null && object.metadata.namespace !== namespace) return null;
  return { type: 'change', change: { type, object } };
}

const errorOf = async (response: Response): Promise<string | null> =>
  textField(parseJson(await response.text()), 'error');

async function* whileNotSilent(
  body: AsyncIterable<Uint8Array>,
  silence: AbortController,
): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => {
    silence.abort(new Error(`the operator was silent for ${SILENCE_MS / 1000} s`));
  }, SILENCE_MS);
  try {
    for await (const chunk of body) {
      timer.refresh();
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What the operator says about itself. */
export const readAbout = (body: unknown): About =>
  decodeAnswer(About, body, 'what the operator says about itself');

/** What the intake's answer means; throws for answers that say nothing about single observations. */
export function readSendAnswer(status: number, retryAfter: string | null, text: string): SendAnswer {
  const body = parseJson(text);
  if (status === 202 || status === 400) {
    const answer = decode(WebhookAnswer, body);
    if (isRight(answer)) return { ...answer.right, retryAfterMs: null };
    if (status === 202) throw refused('the intake', status, 'its answer cannot be read');
  }
  if (status === 429) {
    return {
      accepted: 0,
      rejected: [],
      error: textField(body, 'error') ?? 'the intake is full',
      retryAfterMs: retryAfterMs(retryAfter ?? '1'),
    };
  }
  throw refused('the intake', status, textField(body, 'error') ?? textField(body, 'message'));
}
