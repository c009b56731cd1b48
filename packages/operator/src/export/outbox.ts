import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { Sender } from './otlp-sender.ts';

/** Told of every record and what became of it. */
export interface OutboxObserver {
  /** `dropped`: there was no room, or no time any more. `rejected`: the receiver will not have it. */
  settled(result: 'sent' | 'rejected' | 'dropped', records: number): void;
  /** Sending failed, or some were rejected: why, once for each of the two; null when all of a batch was sent again. */
  failing(why: string | null): void;
}

/** Some 2 KiB each. */
const MOST_WAITING = 2048;
const MOST_AT_ONCE = 512;
/** How long a record waits for others that may go with it. */
const LINGER_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const LAST_TRY_MS = 3000;

/**
 * Sends records in order, and keeps those that could not be sent until they can. The SDK's own processor gives up a
 * batch after 30 seconds and says nothing; history that is missing has to be counted.
 */
export class Outbox implements LogRecordProcessor {
  readonly #sender: Sender;
  readonly #observer: OutboxObserver;
  readonly #waiting: ReadableLogRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #failures = 0;
  #trouble: 'away' | 'rejected' | null = null;
  #isClosed = false;

  constructor(sender: Sender, observer: OutboxObserver) {
    this.#sender = sender;
    this.#observer = observer;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  onEmit(record: ReadableLogRecord): void {
    if (this.#isClosed || this.#waiting.length >= MOST_WAITING) {
      this.#observer.settled('dropped', 1);
      return;
    }
    this.#waiting.push(record);
    this.#sendIn(LINGER_MS);
  }

  forceFlush(): Promise<void> {
    return this.#send();
  }

  /** Sends what waits if that works at once; the rest is lost. */
  async shutdown(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.race([this.#send(), sleep(LAST_TRY_MS, undefined, { ref: false })]);
    const left = this.#waiting.splice(0).length;
    if (left > 0) this.#observer.settled('dropped', left);
    // It waits for answers that may never come.
    this.#sender.close().catch(() => undefined);
  }

  #sendIn(ms: number): void {
    if (this.#timer !== null || this.#sending !== null || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#send(), ms).unref();
  }

  #send(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
      if (this.#waiting.length > 0) this.#sendIn(this.#pauseMs());
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MOST_AT_ONCE);
      const outcome = await this.#sender.send(batch);
      if (outcome.result === 'away') {
        this.#failures += 1;
        this.#tell('away', outcome.why);
        return;
      }
      this.#failures = 0;
      // Less than the batch where it was given up meanwhile.
      const settled = this.#waiting.splice(0, batch.length).length;
      const rejected = Math.min(settled, outcome.rejected);
      this.#observer.settled('sent', settled - rejected);
      this.#observer.settled('rejected', rejected);
      this.#tell(outcome.why === null ? null : 'rejected', outcome.why);
    }
  }

  #tell(trouble: 'away' | 'rejected' | null, why: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#observer.failing(why);
  }

  #pauseMs(): number {
    return this.#failures === 0 ? LINGER_MS : Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (this.#failures - 1));
  }
}
