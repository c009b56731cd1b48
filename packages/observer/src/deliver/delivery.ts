import { setTimeout as sleep } from 'node:timers/promises';
import type { Rejection } from 'kernel-gossip-types';
import type { Logger } from 'pino';
import type { Outgoing } from '../source.ts';
import { backoffMs } from './backoff.ts';
import type { Poster, PostResult } from './post.ts';
import { BoundedQueue } from './queue.ts';

export interface DeliveryStats {
  /** Waiting, with what is under way. */
  readonly waiting: number;
  /** Taken by the operator. */
  readonly delivered: number;
  /** Found wrong by the operator; they were logged. */
  readonly rejected: number;
  /** Given up because the queue was full or the observer ended. */
  readonly dropped: number;
  /** Failures in a row; 0 while the operator answers. */
  readonly failures: number;
}

export interface Delivery {
  push(outgoing: Outgoing): void;
  stats(): DeliveryStats;
  /** Sends what waits for at most `graceMs`; what is left then counts as dropped. */
  close(graceMs: number): Promise<void>;
}

export interface DeliverySettings {
  /** The most that waits, so that memory stays bounded while the operator is away. */
  readonly queueLimit: number;
}

const LARGEST_BATCH = 500;
/** An operator that rejects everything shall not fill the log. */
const REJECTIONS_LOGGED = 10;

class BatchDelivery implements Delivery {
  readonly #poster: Poster;
  readonly #log: Logger;
  readonly #queue: BoundedQueue<Outgoing>;
  readonly #wake = new AbortController();
  #running: Promise<void> | null = null;
  #batchLimit = LARGEST_BATCH;
  #underWay = 0;
  #delivered = 0;
  #rejected = 0;
  #abandoned = 0;
  #failures = 0;
  #droppedTold = 0;

  constructor(poster: Poster, settings: DeliverySettings, log: Logger) {
    this.#poster = poster;
    this.#log = log;
    this.#queue = new BoundedQueue(settings.queueLimit);
  }

  push(outgoing: Outgoing): void {
    this.#queue.push(outgoing);
    // Started after this turn of the loop, so that all of one sweep goes in one batch.
    this.#running ??= this.#run();
  }

  stats(): DeliveryStats {
    return {
      waiting: this.#queue.size + this.#underWay,
      delivered: this.#delivered,
      rejected: this.#rejected,
      dropped: this.#queue.dropped + this.#abandoned,
      failures: this.#failures,
    };
  }

  async close(graceMs: number): Promise<void> {
    const ended = new AbortController();
    const grace = sleep(graceMs, undefined, { signal: ended.signal }).catch(() => undefined);
    await Promise.race([this.#running ?? Promise.resolve(), grace]);
    ended.abort();
    this.#wake.abort();
    await this.#poster.close();
    await this.#running;
    this.#abandoned += this.#queue.take(Infinity).length;
    this.#tellDrops();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.size > 0 && !this.#wake.signal.aborted) {
      const waitMs = await this.#sendOne();
      this.#tellDrops();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#wake.signal }).catch(() => undefined);
    }
    this.#running = null;
  }

  /** Sends one batch; answers how long to wait before the next, in milliseconds. */
  async #sendOne(): Promise<number> {
    const batch = this.#queue.take(this.#batchLimit);
    this.#underWay = batch.length;
    const result = await this.#poster.post(JSON.stringify(batch.map(({ item }) => item.message)));
    this.#underWay = 0;
    if (result.kind === 'later' || (result.kind === 'too-large' && batch.length > 1))
      this.#queue.putBack(batch);
    return this.#settle(result, batch.length);
  }

  #settle(result: PostResult, size: number): number {
    switch (result.kind) {
      case 'done':
        this.#count(size, result.rejected);
        return 0;
      case 'refused':
        this.#log.error({ status: result.status, count: size }, 'the operator refused a batch');
        this.#count(size, result.rejected, size);
        return 0;
      case 'too-large':
        this.#batchLimit = Math.max(1, Math.floor(size / 2));
        if (size === 1) this.#count(1, [], 1);
        return 0;
      case 'later':
        return this.#postpone(result.why, result.retryAfterMs);
    }
  }

  #postpone(why: string, retryAfterMs: number | null): number {
    this.#failures += 1;
    const waitMs = Math.max(retryAfterMs ?? 0, backoffMs(this.#failures, Math.random()));
    if (this.#failures === 1)
      this.#log.warn({ why }, 'the operator takes nothing now; trying again until it does');
    else this.#log.debug({ why, failures: this.#failures, waitMs }, 'the operator still takes nothing');
    return waitMs;
  }

  #count(
    size: number,
    rejections: readonly Rejection[],
    rejected = Math.min(size, distinct(rejections)),
  ): void {
    if (this.#failures > 0) this.#log.info({ failures: this.#failures }, 'the operator answers again');
    this.#failures = 0;
    this.#rejected += rejected;
    this.#delivered += size - rejected;
    for (const { path, expected, got } of rejections.slice(0, REJECTIONS_LOGGED))
      this.#log.error({ path, expected, got }, 'the operator rejected an observation');
  }

  #tellDrops(): void {
    const { dropped } = this.stats();
    if (dropped === this.#droppedTold) return;
    this.#log.warn({ dropped, more: dropped - this.#droppedTold }, 'observations were dropped');
    this.#droppedTold = dropped;
  }
}

/** One observation may be rejected for several fields. */
const distinct = (rejections: readonly Rejection[]): number =>
  new Set(rejections.map(({ index }) => index)).size;

/** Sends observations in batches, one at a time, in order, and again until the operator answers. At least once each. */
export const createDelivery = (poster: Poster, settings: DeliverySettings, log: Logger): Delivery =>
  new BatchDelivery(poster, settings, log);
