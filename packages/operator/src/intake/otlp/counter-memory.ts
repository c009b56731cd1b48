/** What the kernel had counted of a container at a time. */
export interface CounterReading {
  readonly timeNs: bigint;
  readonly periods: bigint;
  readonly throttled: bigint;
  /** Run time withheld, in nanoseconds. */
  readonly withheldNs: bigint;
  /** CPU time used, in nanoseconds; null where nobody said. */
  readonly cpuNs: bigint | null;
}

interface Kept {
  readonly reading: CounterReading;
  readonly atMs: number;
}

export interface CounterMemoryLimits {
  readonly most: number;
  readonly keepMs: number;
}

/** Containers of some 1,600 full nodes; some 20 MB. Scrapes are at most minutes apart. */
const LIMITS: CounterMemoryLimits = { most: 50_000, keepMs: 15 * 60_000 };

/**
 * The last reading of each container whose counters arrive as they stand. What was not heard of for long is forgotten. When it
 * is full, what it knows goes on, and nothing new is remembered: else each would push another out before it comes again.
 */
export class CounterMemory {
  readonly #limits: CounterMemoryLimits;
  /** In the order in which they were last heard of. */
  readonly #kept = new Map<string, Kept>();

  constructor(limits: CounterMemoryLimits = LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#kept.size;
  }

  readonly get = (key: string): CounterReading | null => this.#kept.get(key)?.reading ?? null;

  remember(readings: ReadonlyMap<string, CounterReading>, nowMs: number): void {
    this.#forgetBefore(nowMs - this.#limits.keepMs);
    for (const [key, reading] of readings) {
      const isKnown = this.#kept.delete(key);
      if (isKnown || this.#kept.size < this.#limits.most) this.#kept.set(key, { reading, atMs: nowMs });
    }
  }

  #forgetBefore(earliestMs: number): void {
    for (const [key, { atMs }] of this.#kept) {
      if (atMs >= earliestMs) return;
      this.#kept.delete(key);
    }
  }
}
