/** All groups with a quota at one moment, as the kernel's cgroup iterator told them: one place of each column for a group. */
export interface BandwidthBatch {
  /** Milliseconds of CLOCK_MONOTONIC, which process.hrtime reads too. */
  readonly atMs: number;
  /** Inodes in the hierarchy of the cpu controller. */
  readonly ids: Float64Array;
  /** Active periods, as `nr_periods` in cpu.stat. */
  readonly nrPeriods: Uint32Array;
}

const NS_PER_MS = 1e6;

/**
 * The latest sweep of the kernel's iterator over the groups. It tells for a fraction of what the files cost which groups
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

  take({ atMs, ids, nrPeriods }: BandwidthBatch): void {
    this.#atMs = atMs - this.#offsetMs;
    // By index: iterators of typed arrays cost more than what is done with their elements.
    for (let index = 0; index < ids.length; index += 1)
      this.#periods.set(ids[index] ?? 0, nrPeriods[index] ?? 0);
    if (this.#periods.size > ids.length) this.#forget(new Set(ids));
  }

  /** The group's active periods; null where it has no quota. */
  periodsOf(inode: number): number | null {
    return this.#periods.get(inode) ?? null;
  }

  /** Groups are removed, and quotas lifted. */
  #forget(swept: ReadonlySet<number>): void {
    for (const id of this.#periods.keys()) if (!swept.has(id)) this.#periods.delete(id);
  }
}
