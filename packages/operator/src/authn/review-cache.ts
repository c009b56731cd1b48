import { KernelGossipError } from 'kernel-gossip-types';

/** An answer of the API server, and how long it may be kept. */
export interface Reviewed<A> {
  readonly answer: A;
  /** What is refused is kept apart, so that a flood of it pushes nothing out that was granted. */
  readonly granted: boolean;
  readonly keepMs: number;
}

export interface ReviewCacheOptions {
  /** How many answers of either kind are kept; the oldest goes first. 10,000 where not given. */
  readonly maxEntries?: number;
  /** How many questions may be asked at a time; 64 where not given. Further ones wait their turn. */
  readonly maxOpen?: number;
  /** How many may wait; 4096 where not given, as many as there may be connections. */
  readonly maxWaiting?: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number;
}

interface Kept<A> {
  readonly answer: A;
  readonly until: number;
}

/** How long a question may wait for its turn: who asked may come back, and does not wait for ever. */
const LONGEST_WAIT_MS = 10_000;

/** Remembers answers for a while. Who asks what is being asked already waits for the same answer. Failures are not kept. */
export class ReviewCache<A> {
  readonly #maxEntries: number;
  readonly #mostOpen: number;
  readonly #now: () => number;
  readonly #granted = new Map<string, Kept<A>>();
  readonly #refused = new Map<string, Kept<A>>();
  /** Those that wait for their turn are among them. */
  readonly #open = new Map<string, Promise<A>>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor({
    maxEntries = 10_000,
    maxOpen = 64,
    maxWaiting = 4096,
    now = () => performance.now(),
  }: ReviewCacheOptions = {}) {
    this.#maxEntries = maxEntries;
    this.#mostOpen = maxOpen + maxWaiting;
    this.#free = maxOpen;
    this.#now = now;
  }

  /** How many answers are kept, with those that nobody asked for since they ran out. */
  get size(): number {
    return this.#granted.size + this.#refused.size;
  }

  /** The answer that is kept under this key, or else the one to this question. Throws what the question throws. */
  get(key: string, ask: () => Promise<Reviewed<A>>): Promise<A> {
    const kept = this.#granted.get(key) ?? this.#refused.get(key);
    if (kept !== undefined && this.#now() < kept.until) return Promise.resolve(kept.answer);
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    if (this.#open.size >= this.#mostOpen) return Promise.reject(tooMany());
    const asking = this.#inTurn(() => this.#ask(key, ask)).finally(() => this.#open.delete(key));
    this.#open.set(key, asking);
    return asking;
  }

  async #inTurn(ask: () => Promise<A>): Promise<A> {
    const since = this.#now();
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (this.#now() - since > LONGEST_WAIT_MS) throw tooMany();
      return await ask();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #ask(key: string, ask: () => Promise<Reviewed<A>>): Promise<A> {
    const { answer, granted, keepMs } = await ask();
    this.#granted.delete(key);
    this.#refused.delete(key);
    const place = granted ? this.#granted : this.#refused;
    place.set(key, { answer, until: this.#now() + keepMs });
    // Maps keep the order of insertion: the first is the oldest.
    const [oldest] = place.keys();
    if (place.size > this.#maxEntries && oldest !== undefined) place.delete(oldest);
    return answer;
  }
}

const tooMany = (): KernelGossipError =>
  new KernelGossipError(
    'KG_STORE_UNAVAILABLE',
    'too many senders are being checked; send it again in a moment',
  );
