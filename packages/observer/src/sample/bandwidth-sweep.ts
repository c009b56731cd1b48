/** All groups with a quota at one moment, as the kernel's cgroup iterator told them: one place of each column for a group. */
export interface BandwidthBatch {
  /** Milliseconds of CLOCK_MONOTONIC, which process.hrtime reads too. */
  readonly atMs: number;
  /** Inodes in the hierarchy of the cpu controller, each once. The same array again where they are those of the sweep before. */
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
  /** Where the columns have a group, by its inode. */
  readonly #places = new Map<number, number>();
  readonly #offsetMs: number;
  #atMs = -Infinity;
  #ids: Float64Array = new Float64Array();
  #nrPeriods: Uint32Array = new Uint32Array();

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
    this.#nrPeriods = nrPeriods;
    if (ids !== this.#ids) this.#index(ids);
  }

  /** The group's active periods; null where it has no quota. */
  periodsOf(inode: number): number | null {
    const place = this.#places.get(inode);
    return place === undefined ? null : (this.#nrPeriods[place] ?? null);
  }

  /** Groups were made or removed, or quotas set or lifted. */
  #index(ids: Float64Array): void {
    this.#ids = ids;
    this.#places.clear();
    // By index: iterators of typed arrays cost more than what is done with their elements.
    for (let place = 0; place < ids.length; place += 1) this.#places.set(ids[place] ?? 0, place);
  }
}
