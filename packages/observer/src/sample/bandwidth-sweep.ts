/** What the kernel had counted about one group with a quota. */
export interface BandwidthSample {
  /** The group's inode in the hierarchy of the cpu controller. */
  readonly id: number;
  readonly nrPeriods: number;
  readonly nrThrottled: number;
  readonly throttledUs: number;
}

/** All groups with a quota at one moment, as the kernel's cgroup iterator told them. */
export interface BandwidthBatch {
  /** Milliseconds of CLOCK_MONOTONIC, which process.hrtime reads too. */
  readonly atMs: number;
  readonly samples: readonly BandwidthSample[];
}

const NS_PER_MS = 1e6;

/**
 * The latest sweep of the kernel's iterator over the groups. It tells for a tenth of what the files cost which groups
 * ran under a quota since the sweep before; only their files need to be read.
 */
export class BandwidthSweep {
  readonly #periods = new Map<number, number>();
  readonly #offsetMs: number;
  #atMs = -Infinity;

  /** `nowMs` is the clock that readings are taken by: it runs like CLOCK_MONOTONIC, from another zero. */
  constructor(nowMs: () => number) {
    this.#offsetMs = Number(process.hrtime.bigint()) / NS_PER_MS - nowMs();
  }

  /** When it was taken, by the clock of the readings. */
  get atMs(): number {
    return this.#atMs;
  }

  take({ atMs, samples }: BandwidthBatch): void {
    this.#atMs = atMs - this.#offsetMs;
    this.#periods.clear();
    for (const { id, nrPeriods } of samples) this.#periods.set(id, nrPeriods);
  }

  /** The group's active periods; null where it has no quota. */
  periodsOf(inode: number): number | null {
    return this.#periods.get(inode) ?? null;
  }
}
