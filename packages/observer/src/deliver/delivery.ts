import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rejection } from 'kernel-gossip-types';
import type { Logger } from 'pino';
import type { Outgoing } from '../source.ts';
import { backoffMs } from './backoff.ts';
import { batchOf, restOf, type Batch, type Run } from './batch.ts';
import type { Poster, PostResult } from './post.ts';
import { BoundedQueue } from './queue.ts';
import type { Spool, SpoolStats } from './spool/spool.ts';
import { waitingOf, type Waiting } from './waiting.ts';

export interface DeliveryStats {
  /** Waiting in memory, with what is under way. */
  readonly waiting: number;
  /** Taken by the operator. */
  readonly delivered: number;
  /** Found wrong by the operator; they were logged. */
  readonly rejected: number;
  /** Given up because there was no room or the observer ended, or lost on disk. */
  readonly dropped: number;
  /** Requests that the operator answered for good. */
  readonly batches: number;
  /** Failures in a row; 0 while the operator answers. */
  readonly failures: number;
  /** What waits on disk; null where nothing may. */
  readonly spool: SpoolStats | null;
}

export interface Delivery {
  push(outgoing: Outgoing): void;
  stats(): DeliveryStats;
  /** Sends what waits for at most `graceMs`. What is left then goes to the spool, or counts as dropped. */
  close(graceMs: number): Promise<void>;
}

export interface DeliverySettings {
  /** The most observations that wait in memory, so that it stays bounded while the operator is away. */
  readonly queueLimit: number;
  /** Where they wait beyond that, and over a restart; null for nowhere. */
  readonly spool: Spool | null;
}

/** 10,000 observations of CPU throttling have some 6 MB. */
const LARGEST_QUEUE_BYTES = 16_777_216;
/** An operator takes bodies of 8 MiB; nodes that all come back to it at once shall not each bring that much. */
const LARGEST_BATCH = { count: 500, bytes: 1_048_576 };
/** An operator that rejects everything shall not fill the log. */
const REJECTIONS_LOGGED = 10;

class BatchDelivery implements Delivery {
  readonly #poster: Poster;
  readonly #settings: DeliverySettings;
  readonly #log: Logger;
  readonly #queue: BoundedQueue<Waiting>;
  readonly #stream = randomUUID();
  readonly #ended = new AbortController();
  #running: Promise<void> | null = null;
  /** Ends a pause early. */
  #wake: (() => void) | null = null;
  #notBeforeMs = -Infinity;
  #batchLimit = LARGEST_BATCH.count;
  #nextNumber = 0;
  /** Older than what is on disk, which is older than what is in the queue. */
  #underWay: Run | null = null;
  /** Whether the spool has `#underWay` too. */
  #isJournaled = false;
  #delivered = 0;
  #rejected = 0;
  #batches = 0;
  #abandoned = 0;
  #failures = 0;
  #droppedLogged = 0;
  /** Lost by an earlier observer, which could not tell it any more. */
  #inheritedDrops = 0;
  /** As the operator knows it. */
  #droppedTold = 0;

  constructor(poster: Poster, settings: DeliverySettings, log: Logger) {
    this.#poster = poster;
    this.#settings = settings;
    this.#log = log;
    this.#queue = new BoundedQueue({ count: settings.queueLimit, bytes: LARGEST_QUEUE_BYTES });
    // An earlier observer may have left something.
    if (settings.spool !== null) this.#running = this.#run();
  }

  push(outgoing: Outgoing): void {
    this.#queue.push(waitingOf(outgoing));
    // Started after this turn of the loop, so that all of one sweep goes in one batch.
    this.#running ??= this.#run();
    this.#wake?.();
  }

  stats(): DeliveryStats {
    const spool = this.#settings.spool?.stats() ?? null;
    return {
      waiting: this.#queue.size + (this.#underWay?.items.length ?? 0),
      delivered: this.#delivered,
      rejected: this.#rejected,
      dropped: this.#queue.dropped + this.#abandoned + (spool?.dropped ?? 0),
      batches: this.#batches,
      failures: this.#failures,
      spool,
    };
  }

  async close(graceMs: number): Promise<void> {
    const graceOver = new AbortController();
    const grace = sleep(graceMs, undefined, { signal: graceOver.signal }).catch(() => undefined);
    await Promise.race([this.#running ?? Promise.resolve(), grace]);
    graceOver.abort();
    this.#ended.abort();
    this.#wake?.();
    await this.#poster.close();
    await this.#running;
    await this.#leave();
    this.#logDrops();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    await this.#settings.spool?.prepare();
    this.#takeOver();
    while (!this.#ended.signal.aborted && this.#isAnyWaiting()) {
      await this.#spill();
      const waitMs = this.#notBeforeMs - performance.now();
      if (waitMs > 0) await this.#pause(waitMs);
      else await this.#sendOne();
      this.#logDrops();
    }
    this.#running = null;
  }

  #isAnyWaiting(): boolean {
    const onDisk = this.#settings.spool?.stats().observations ?? 0;
    return this.#underWay !== null || this.#queue.size > 0 || onDisk > 0;
  }

  /** Goes on with what an earlier observer left under way: under its numbers. */
  #takeOver(): void {
    if (this.#underWay !== null) return;
    const { underWay, untold } = this.#settings.spool?.inherit() ?? { underWay: null, untold: 0 };
    this.#inheritedDrops += untold;
    this.#underWay = underWay;
    this.#isJournaled = underWay !== null;
  }

  /** Moves what waits in memory to the disk, while the operator is away or too slow. */
  async #spill(): Promise<void> {
    const { spool, queueLimit } = this.#settings;
    const isBehind = this.#failures > 0 || this.#queue.size > queueLimit / 2;
    if (spool === null || !isBehind || this.#queue.size === 0 || !(await spool.prepare())) return;
    const taken = this.#queue.take(Infinity);
    const count = await spool.append(taken.map(({ item }) => item));
    if (count < taken.length) this.#queue.putBack(taken.slice(count));
  }

  /** Waits, but no longer than until there is something to put on disk. */
  async #pause(waitMs: number): Promise<void> {
    const over = new AbortController();
    const { spool } = this.#settings;
    this.#wake = () => {
      if (this.#ended.signal.aborted || spool?.stats().failure === null) over.abort();
    };
    await sleep(waitMs, undefined, { signal: over.signal }).catch(() => undefined);
    this.#wake = null;
  }

  async #sendOne(): Promise<void> {
    this.#takeOver();
    this.#underWay ??= await this.#nextRun();
    if (this.#underWay === null) return;
    // What was lost before an earlier stream's batch is not known here; the operator takes the most it was told.
    const dropped = this.#underWay.stream === this.#stream ? this.#drops() : 0;
    const batch = batchOf(this.#underWay, { ...LARGEST_BATCH, count: this.#batchLimit }, dropped);
    await this.#settle(batch, await this.#poster.post(batch));
  }

  /** Numbers the oldest that wait. What comes from the disk is written down with its numbers before it is sent. */
  async #nextRun(): Promise<Run | null> {
    const { spool } = this.#settings;
    const fromDisk = (await spool?.take(LARGEST_BATCH)) ?? [];
    const items =
      fromDisk.length > 0 ? fromDisk : this.#queue.take(LARGEST_BATCH.count).map(({ item }) => item);
    if (items.length === 0) return null;
    const run = { stream: this.#stream, first: this.#nextNumber, items };
    this.#nextNumber += items.length;
    if (fromDisk.length > 0) await this.#journal(run);
    return run;
  }

  async #settle(batch: Batch, result: PostResult): Promise<void> {
    const { count } = batch;
    switch (result.kind) {
      case 'done':
        this.#count(count, result.rejected);
        return this.#answered(batch);
      case 'refused':
        this.#log.error({ status: result.status, count }, 'the operator refused a batch');
        this.#count(count, result.rejected, count);
        return this.#answered(batch);
      case 'too-large':
        this.#batchLimit = Math.max(1, Math.floor(count / 2));
        if (count > 1) return;
        this.#count(1, [], 1);
        return this.#answered(batch);
      case 'later':
        this.#postpone(result.why, result.retryAfterMs);
        if (!this.#isJournaled) await this.#journal(this.#underWay);
    }
  }

  async #answered({ count, stream, dropped }: Batch): Promise<void> {
    if (stream === this.#stream) this.#droppedTold = dropped;
    this.#underWay = this.#underWay === null ? null : restOf(this.#underWay, count);
    if (this.#underWay !== null || !this.#isJournaled) return;
    // While something waits on disk, the next of it takes this one's place in the journal.
    if (this.#settings.spool?.stats().observations === 0) await this.#journal(null);
    this.#isJournaled = false;
  }

  /** Writes down what is under way, so that after a restart it is sent under the same numbers. */
  async #journal(run: Run | null): Promise<boolean> {
    const untold = Math.max(0, this.#drops() - this.#droppedTold);
    this.#isJournaled = (await this.#settings.spool?.commit(run, untold)) ?? false;
    return this.#isJournaled;
  }

  /** Puts what could not be sent where the next observer finds it; the rest is lost. */
  async #leave(): Promise<void> {
    const { spool } = this.#settings;
    await spool?.prepare();
    const left = this.#queue.take(Infinity).map(({ item }) => item);
    this.#abandoned += left.length - ((await spool?.append(left)) ?? 0);
    if (!(await this.#journal(this.#underWay))) {
      this.#abandoned += this.#underWay?.items.length ?? 0;
      this.#underWay = null;
    }
    await spool?.close();
  }

  #postpone(why: string, retryAfterMs: number | null): void {
    this.#failures += 1;
    const waitMs = Math.max(retryAfterMs ?? 0, backoffMs(this.#failures, Math.random()));
    this.#notBeforeMs = performance.now() + waitMs;
    if (this.#failures === 1)
      this.#log.warn({ why }, 'the operator takes nothing now; trying again until it does');
    else this.#log.debug({ why, failures: this.#failures, waitMs }, 'the operator still takes nothing');
  }

  #count(
    size: number,
    rejections: readonly Rejection[],
    rejected = Math.min(size, distinct(rejections)),
  ): void {
    if (this.#failures > 0) this.#log.info({ failures: this.#failures }, 'the operator answers again');
    this.#failures = 0;
    this.#batches += 1;
    this.#rejected += rejected;
    this.#delivered += size - rejected;
    for (const { path, expected, got } of rejections.slice(0, REJECTIONS_LOGGED))
      this.#log.error({ path, expected, got }, 'the operator rejected an observation');
  }

  /** Everything that this stream did not bring, and has to account for. */
  #drops(): number {
    return this.stats().dropped + this.#inheritedDrops;
  }

  #logDrops(): void {
    const { dropped, spool } = this.stats();
    if (dropped === this.#droppedLogged) return;
    const more = dropped - this.#droppedLogged;
    this.#log.warn({ dropped, more, unreadable: spool?.unreadable ?? 0 }, 'observations were dropped');
    this.#droppedLogged = dropped;
  }
}

/** One observation may be rejected for several fields. */
const distinct = (rejections: readonly Rejection[]): number =>
  new Set(rejections.map(({ index }) => index)).size;

/**
 * Sends observations in batches, one at a time, in order, and again until the operator answers. Each of them has a number in
 * a stream of this delivery's own, so an operator that remembers numbers takes each once; any other, at least once.
 */
export const createDelivery = (poster: Poster, settings: DeliverySettings, log: Logger): Delivery =>
  new BatchDelivery(poster, settings, log);
