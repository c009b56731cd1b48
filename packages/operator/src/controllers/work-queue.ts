/**
 * A set of keys that need work, after client-go's work queue: a key is handed out to one worker at a time; added
 * while it is worked on, it is handed out once more afterwards; added ten times, it is handed out once.
 */
export class WorkQueue {
  readonly #ready = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  #waiting: (() => void)[] = [];
  #closed = false;

  /** Keys that wait to be handed out. */
  get depth(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#ready.add(key);
    this.#wakeOne();
  }

  /** Adds the key after a while; a later call for the same key takes the place of this one. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timers.get(key));
    // A timer longer than 24.8 days would fire at once (Node's setTimeout).
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key);
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    timer.unref();
    this.#timers.set(key, timer);
  }

  /** Adds a key whose work failed, after a pause that doubles with every failure in a row. */
  addAfterFailure(key: string): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.addAfter(key, backoffMs(failures));
  }

  /** Ends a row of failures. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, or null once the queue is closed. `done` must be called with it afterwards. */
  async take(): Promise<string | null> {
    while (!this.#closed) {
      const next = this.#ready.values().next();
      if (next.done !== true) {
        this.#ready.delete(next.value);
        this.#processing.add(next.value);
        return next.value;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return null;
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const wake of this.#waiting) wake();
    this.#waiting = [];
  }

  #wakeOne(): void {
    this.#waiting.shift()?.();
  }
}

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 60_000;

const backoffMs = (failures: number): number =>
  Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS) * (0.75 + Math.random() / 2);
