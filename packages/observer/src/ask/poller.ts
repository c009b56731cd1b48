import { isRight } from 'fp-ts/lib/Either.js';
import { decode, messageOf, VERSION, WatchList } from 'kernel-gossip-types';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Reply } from '../deliver/transport.ts';

/** Asks the operator for what is at a path below its base URL. Rejects where no whole answer came. */
export type Get = (path: string) => Promise<Reply>;

/** How long to wait between two questions, in milliseconds. */
export interface Pace {
  readonly everyMs: number;
  /** After failures the pause doubles, up to this. */
  readonly longestMs: number;
  /** How long the last answer holds when no other comes. */
  readonly keepMs: number;
}

const PACE: Pace = { everyMs: 5000, longestMs: 60_000, keepMs: 60_000 };
const NONE: ReadonlySet<string> = new Set();

/** What came of a question. `unknown`: an operator that does not know the question, so that there is nothing to measure. */
type Answer =
  | { readonly kind: 'list'; readonly podUids: ReadonlySet<string> }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly why: string };

/** The pause before the next question, a fifth shorter or longer, so that the nodes of a cluster do not ask all at once. */
export function pauseMs(kind: Answer['kind'], failures: number, random: number, pace = PACE): number {
  const { everyMs, longestMs } = pace;
  const even = kind === 'unknown' ? longestMs : Math.min(longestMs, everyMs * 2 ** Math.min(failures, 16));
  return Math.min(longestMs, even * (0.8 + 0.4 * random));
}

function answerOf({ status, body }: Reply): Answer {
  if (status === 404) return { kind: 'unknown' };
  if (status !== 200) return { kind: 'failed', why: `status ${status}` };
  try {
    const list = decode(WatchList, JSON.parse(body ?? ''));
    if (isRight(list)) return { kind: 'list', podUids: new Set(list.right.pod_uids) };
  } catch {
    // A proxy's page, for one.
  }
  return { kind: 'failed', why: 'the answer is no watch list' };
}

/** Keeps asking the operator which pods of this node are to be measured, one question at a time. */
export class WatchListPoller {
  readonly #path: string;
  readonly #get: Get;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #pace: Pace;
  #podUids = NONE;
  #answeredAtMs = -Infinity;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(
    nodeName: string | null,
    { get, clock, log }: { readonly get: Get; readonly clock: Clock; readonly log: Logger },
    pace = PACE,
  ) {
    // The token names the node where there is one; where the operator asks nobody who they are, this does.
    const query = nodeName === null ? '' : `?node_name=${encodeURIComponent(nodeName)}`;
    this.#path = `api/${VERSION}/watches${query}`;
    this.#get = get;
    this.#clock = clock;
    this.#log = log;
    this.#pace = pace;
  }

  /** The pods that the operator named last; none when that is too long ago, or it never answered. */
  get podUids(): ReadonlySet<string> {
    return this.#clock.monotonicMs() - this.#answeredAtMs <= this.#pace.keepMs ? this.#podUids : NONE;
  }

  start(): void {
    this.#schedule((this.#pace.everyMs / 5) * Math.random());
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    const answer = await this.#get(this.#path)
      .then(answerOf)
      .catch((error: unknown): Answer => ({ kind: 'failed', why: messageOf(error) }));
    if (this.#isClosed) return;
    this.#take(answer);
    this.#schedule(pauseMs(answer.kind, this.#failures, Math.random(), this.#pace));
  }

  #take(answer: Answer): void {
    if (answer.kind === 'failed') {
      if (this.#failures === 0)
        this.#log.warn({ why: answer.why }, 'the operator does not say what to measure');
      this.#failures += 1;
      return;
    }
    this.#failures = 0;
    this.#answeredAtMs = this.#clock.monotonicMs();
    this.#podUids = answer.kind === 'list' ? answer.podUids : NONE;
  }
}
