import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecordExporter, LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';

/** Told of every record and what became of it. */
export interface OutboxObserver {
  /** `dropped`: there was no room, or no time any more. `rejected`: the receiver will not have it. */
  settled(result: 'sent' | 'rejected' | 'dropped', records: number): void;
  /** Sending failed; why, or null when it works again. Rejected ones are told each time, the others once. */
  failing(why: string | null): void;
}

/** Some 2 KiB each. */
const MOST_WAITING = 2048;
const MOST_AT_ONCE = 512;
/** How long a record waits for others that may go with it. */
const LINGER_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const LAST_TRY_MS = 3000;

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is no dependency of ours. */
const SUCCESS = 0;

type Outcome = { readonly result: 'sent' } | { readonly result: 'rejected' | 'away'; readonly why: string };

/**
 * Sends records in order, and keeps those that could not be sent until they can. The SDK's own processor gives up a
 * batch after 30 seconds and says nothing; history that is missing has to be counted.
 */
export class Outbox implements LogRecordProcessor {
  readonly #exporter: LogRecordExporter;
  readonly #observer: OutboxObserver;
  readonly #waiting: ReadableLogRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #failures = 0;
  #isClosed = false;

  constructor(exporter: LogRecordExporter, observer: OutboxObserver) {
    this.#exporter = exporter;
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
    this.#exporter.shutdown().catch(() => undefined);
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
      const outcome = await this.#export(batch);
      if (outcome.result === 'away') {
        this.#failures += 1;
        if (this.#failures === 1) this.#observer.failing(outcome.why);
        return;
      }
      if (this.#failures > 0) this.#observer.failing(null);
      this.#failures = 0;
      // Less than the batch where it was given up meanwhile.
      this.#observer.settled(outcome.result, this.#waiting.splice(0, batch.length).length);
      if (outcome.result === 'rejected') this.#observer.failing(outcome.why);
    }
  }

  #pauseMs(): number {
    return this.#failures === 0 ? LINGER_MS : Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (this.#failures - 1));
  }

  #export(batch: ReadableLogRecord[]): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#exporter.export(batch, ({ code, error }) => {
        if ((code as number) === SUCCESS) resolve({ result: 'sent' });
        else resolve({ result: isFinal(error) ? 'rejected' : 'away', why: error?.message ?? 'no answer' });
      });
    });
  }
}

/** Statuses that the specification of OTLP does not let a sender try again are numbers on the error; network errors have words. */
const isFinal = (error: Error | undefined): boolean =>
  error !== undefined && 'code' in error && typeof error.code === 'number';
