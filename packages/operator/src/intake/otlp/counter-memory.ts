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

  /**
   * Remembers readings whose windows are about to be taken: a request that comes meanwhile begins where they end, so that no
   * two of them count the same time. What is returned takes it back, but for what went on from there since.
   */
  remember(readings: ReadonlyMap<string, CounterReading>, nowMs: number): () => void {
    this.#forgetBefore(nowMs - this.#limits.keepMs);
    const before = new Map<string, Kept | undefined>();
    for (const [key, reading] of readings) {
      const known = this.#kept.get(key);
      if (known === undefined && this.#kept.size >= this.#limits.most) continue;
      before.set(key, known);
      this.#kept.delete(key);
      this.#kept.set(key, { reading, atMs: nowMs });
    }
    return () => {
      for (const [key, known] of before) {
        if (this.get(key) !== readings.get(key)) continue;
        if (known === undefined) this.#kept.delete(key);
        else this.#kept.set(key, known);
      }
    };
  }

  #forgetBefore(earliestMs: number): void {
    for (const [key, { atMs }] of this.#kept) {
      if (atMs >= earliestMs) return;
      this.#kept.delete(key);
    }
  }
}
