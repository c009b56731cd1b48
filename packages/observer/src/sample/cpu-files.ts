import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import type { CpuLimit, CpuReading } from '../rate/window.ts';
import { ABSENT, parseFlatKeyed, parseNumber } from './flat-keyed.ts';
import { GONE, KeptFile, UNREADABLE, type Descriptors } from './kept-file.ts';
import type { Scratch } from './scratch.ts';

const keysOf = (...keys: readonly string[]): readonly Buffer[] => keys.map((key) => Buffer.from(key));
const KEYS = {
  1: keysOf('nr_periods', 'nr_throttled', 'throttled_time', 'usage_usec'),
  2: keysOf('nr_periods', 'nr_throttled', 'throttled_usec', 'usage_usec'),
} as const;

/** Version 1 counts the time withheld in nanoseconds, version 2 in microseconds. */
const THROTTLED_UNITS_PER_US = { 1: 1000, 2: 1 } as const;
const NS_PER_US = 1000;

/**
 * A reading, or why there is none: the group was removed; its files cannot be read now; or nobody counts, since the cpu
 * controller is not enabled for the group (version 2, `cgroup.subtree_control` of its parent).
 */
export type ReadingOutcome = CpuReading | 'gone' | 'unreadable' | 'uncounted';

/** A quota of so much in each period; null where there is none: version 1 says -1 then, version 2 `max`. */
export const limitOf = (quotaUs: number | null, periodUs: number | null): CpuLimit | null =>
  quotaUs === null || periodUs === null || quotaUs <= 0 || periodUs <= 0 ? null : { quotaUs, periodUs };

/** The kernel's `cpu.max`: `20000 100000`, or `max 100000` where there is no quota. */
export function parseCpuMax(text: string): CpuLimit | null {
  const [, quota, period] = /^(\d{1,15}) (\d{1,15})\s*$/.exec(text) ?? [];
  return quota === undefined || period === undefined ? null : limitOf(Number(quota), Number(period));
}

/** The files of one group that say how much CPU time it got and how much was withheld. */
export class CpuFiles {
  readonly #version: 1 | 2;
  readonly #inode: number;
  readonly #stat: KeptFile;
  /** `cpu.max`, or version 1's quota and period. */
  readonly #limitFiles: readonly KeptFile[];
  readonly #usage: KeptFile | null;
  #limit: CpuLimit | null = null;
  #limitRead = false;
  #nrThrottled = 0;

  /** `path` is the group's below the hierarchy, beginning with a slash. Nothing is opened yet. */
  constructor(hierarchy: Hierarchy, path: string, inode: number) {
    const directory = `${hierarchy.cpu}${path}`;
    const file = (name: string): KeptFile => new KeptFile(directory, name);
    this.#version = hierarchy.version;
    this.#inode = inode;
    this.#stat = file('cpu.stat');
    this.#limitFiles =
      hierarchy.version === 2 ? [file('cpu.max')] : [file('cpu.cfs_quota_us'), file('cpu.cfs_period_us')];
    this.#usage =
      hierarchy.usage === null ? null : new KeptFile(`${hierarchy.usage}${path}`, 'cpuacct.usage');
  }

  /**
   * Takes a reading at the given moment of the monotonic clock. The limit changes seldom, so it is read again only when
   * something was throttled since the last reading, or when `limitMatters`. A group that never had a quota costs one
   * read of one file.
   */
  read(scratch: Scratch, nowMs: () => number, limitMatters: boolean): ReadingOutcome {
    const atMs = nowMs();
    const length = this.#stat.read(scratch.buffer, scratch.descriptors);
    if (length === GONE) return 'gone';
    if (length === UNREADABLE) return 'unreadable';
    parseFlatKeyed(scratch.buffer, length, KEYS[this.#version], scratch.values);
    // By index: the iterator of a typed array costs more than the reading.
    const { values } = scratch;
    const nrPeriods = values[0] ?? ABSENT;
    const nrThrottled = values[1] ?? ABSENT;
    const throttled = values[2] ?? ABSENT;
    const usage = values[3] ?? ABSENT;
    if (nrPeriods === ABSENT || nrThrottled === ABSENT || throttled === ABSENT) return 'uncounted';
    this.#refreshLimit(scratch, limitMatters || nrThrottled !== this.#nrThrottled);
    this.#nrThrottled = nrThrottled;
    return {
      inode: this.#inode,
      atMs,
      nrPeriods,
      nrThrottled,
      throttledUs: throttled / THROTTLED_UNITS_PER_US[this.#version],
      usageUs: this.#usageUs(scratch, usage, nrPeriods),
      limit: this.#limit,
    };
  }

  close(descriptors: Descriptors): void {
    for (const file of [this.#stat, this.#usage, ...this.#limitFiles]) file?.close(descriptors);
  }

  #refreshLimit(scratch: Scratch, needed: boolean): void {
    if (this.#limitRead && !needed) return;
    this.#limitRead = true;
    this.#limit = this.#version === 2 ? this.#readCpuMax(scratch) : this.#readQuotaAndPeriod(scratch);
    if (this.#limit === null) for (const file of this.#limitFiles) file.close(scratch.descriptors);
  }

  #readCpuMax({ buffer, descriptors }: Scratch): CpuLimit | null {
    const length = this.#limitFiles[0]?.read(buffer, descriptors) ?? UNREADABLE;
    return length < 0 ? null : parseCpuMax(buffer.toString('latin1', 0, length));
  }

  #readQuotaAndPeriod({ buffer, descriptors }: Scratch): CpuLimit | null {
    const [quota = null, period = null] = this.#limitFiles.map((file) => {
      const length = file.read(buffer, descriptors);
      return length < 0 ? null : parseNumber(buffer, length);
    });
    return limitOf(quota, period);
  }

  /** Version 1's usage is a second file: read only of groups that have or had a quota. */
  #usageUs({ buffer, descriptors }: Scratch, inStat: number, nrPeriods: number): number | null {
    if (inStat !== ABSENT) return inStat;
    if (this.#usage === null || (this.#limit === null && nrPeriods === 0)) return null;
    const length = this.#usage.read(buffer, descriptors);
    const usageNs = length < 0 ? null : parseNumber(buffer, length);
    return usageNs === null ? null : usageNs / NS_PER_US;
  }
}
