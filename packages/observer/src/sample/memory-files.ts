import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import type { MemoryReading, Stall } from '../rate/memory-window.ts';
import { ABSENT, parseFlatKeyed, parseNumber } from './flat-keyed.ts';
import { GONE, KeptFile, readOnce, type Descriptors } from './kept-file.ts';
import { parsePressureTotal } from './pressure.ts';
import type { Scratch } from './scratch.ts';

/** Names and keys of one version. */
interface Layout {
  readonly usage: string;
  readonly limit: string;
  readonly stat: string;
  readonly inactive: readonly Buffer[];
}
const OOM_KILL: readonly Buffer[] = [Buffer.from('oom_kill')];
const LAYOUTS: Readonly<Record<1 | 2, Layout>> = {
  1: {
    usage: 'memory.usage_in_bytes',
    limit: 'memory.limit_in_bytes',
    stat: 'memory.stat',
    inactive: [Buffer.from('total_inactive_file')],
  },
  2: {
    usage: 'memory.current',
    limit: 'memory.max',
    stat: 'memory.stat',
    inactive: [Buffer.from('inactive_file')],
  },
};

/** Version 1 says "no limit" as the greatest number of whole pages (PAGE_COUNTER_MAX), which is about 2^63. */
const NO_LIMIT_BYTES = 2 ** 62;
/** Below this share of the limit nobody asks how much of the usage could be dropped. */
const STAT_FROM_SHARE = 0.8;
/** The limit is read with every tenth reading, and whenever it may matter. */
const LIMIT_EVERY = 10;

/** How a group is to be read. */
export interface MemoryFileSettings {
  /** Version 2 can count kills of the group's own processes only, or with those of all groups below. */
  readonly killsBelow: boolean;
  /** Whether the time that tasks wait is of interest, and how often it is read. */
  readonly stallReadMs: number | null;
}

/** The limit that a file's number says, in bytes; null where there is none. */
export const limitIn = (value: number | null): number | null =>
  value === null || value < 0 || value >= NO_LIMIT_BYTES ? null : value;

/** A reading, or why there is none: there is no such group, or its files cannot be read now. */
export type MemoryOutcome = MemoryReading | 'gone' | 'unreadable';

/** The files of one group that say how much memory it has and what became of its processes. */
export class MemoryFiles {
  readonly #directory: string;
  readonly #layout: Layout;
  readonly #inode: number;
  readonly #usage: KeptFile;
  readonly #kills: KeptFile;
  readonly #pressure: KeptFile | null;
  readonly #stallReadMs: number;
  #countdown: number;
  #limitBytes: number | null = null;
  #oomKills: number | null = null;
  #stalledUs = ABSENT;
  #stallReadAtMs = -Infinity;

  /** `directory` is the group's own. Nothing is opened yet. */
  constructor(
    { version }: Pick<Hierarchy, 'version'>,
    directory: string,
    inode: number,
    { killsBelow, stallReadMs }: MemoryFileSettings,
  ) {
    const kills = killsBelow ? 'memory.events' : 'memory.events.local';
    this.#directory = directory;
    this.#layout = LAYOUTS[version];
    this.#inode = inode;
    this.#usage = new KeptFile(directory, this.#layout.usage);
    this.#kills = new KeptFile(directory, version === 2 ? kills : 'memory.oom_control');
    // Version 1 has no pressure of its groups.
    this.#pressure =
      version === 2 && stallReadMs !== null ? new KeptFile(directory, 'memory.pressure') : null;
    this.#stallReadMs = stallReadMs ?? Infinity;
    // Spreads the readings of limits over the sweeps; the first reading of all is due at once.
    this.#countdown = -(inode % LIMIT_EVERY);
  }

  /** Whether the time that tasks wait is read, where the kernel counts it. */
  get isStallRead(): boolean {
    return this.#pressure !== null;
  }

  /**
   * Takes a reading. A calm group costs two reads of files that are kept open; its limit is read seldom, and how much of the
   * usage could be dropped only near the limit, or when `matters`.
   */
  read(scratch: Scratch, nowMs: () => number, matters: boolean): MemoryOutcome {
    const { buffer, descriptors } = scratch;
    const atMs = nowMs();
    const length = this.#usage.read(buffer, descriptors);
    if (length === GONE) return 'gone';
    const usageBytes = length < 0 ? null : parseNumber(buffer, length);
    if (usageBytes === null) return 'unreadable';
    const oomKills = this.#readKills(scratch);
    const isKill = (oomKills ?? 0) > (this.#oomKills ?? 0);
    this.#oomKills = oomKills;
    this.#refreshLimit(scratch, matters || isKill);
    const isNear = this.#limitBytes !== null && usageBytes >= this.#limitBytes * STAT_FROM_SHARE;
    const workingSetBytes =
      this.#limitBytes !== null && (isNear || matters || isKill)
        ? this.#workingSet(scratch, usageBytes)
        : null;
    return {
      inode: this.#inode,
      atMs,
      level: { usageBytes, workingSetBytes, limitBytes: this.#limitBytes },
      oomKills,
      stall: this.#readStall(scratch, atMs),
    };
  }

  close(descriptors: Descriptors): void {
    for (const file of [this.#usage, this.#kills, this.#pressure]) file?.close(descriptors);
  }

  #readKills({ buffer, values, descriptors }: Scratch): number | null {
    const length = this.#kills.read(buffer, descriptors);
    if (length < 0) return null;
    parseFlatKeyed(buffer, length, OOM_KILL, values);
    const kills = values[0] ?? ABSENT;
    return kills === ABSENT ? null : kills;
  }

  #refreshLimit({ buffer }: Scratch, isNeeded: boolean): void {
    const isDue = this.#countdown <= 0;
    this.#countdown = isDue ? this.#countdown + LIMIT_EVERY : this.#countdown - 1;
    if (!isDue && !isNeeded) return;
    const length = readOnce(`${this.#directory}/${this.#layout.limit}`, buffer);
    this.#limitBytes = length < 0 ? null : limitIn(parseNumber(buffer, length));
  }

  #workingSet({ buffer, values }: Scratch, usageBytes: number): number | null {
    const length = readOnce(`${this.#directory}/${this.#layout.stat}`, buffer);
    if (length < 0) return null;
    parseFlatKeyed(buffer, length, this.#layout.inactive, values);
    const inactive = values[0] ?? ABSENT;
    return inactive === ABSENT ? null : Math.max(0, usageBytes - inactive);
  }

  #readStall({ buffer, descriptors }: Scratch, atMs: number): Stall | null {
    if (this.#pressure === null || atMs - this.#stallReadAtMs < this.#stallReadMs) return null;
    const length = this.#pressure.read(buffer, descriptors);
    const totalUs = length < 0 ? ABSENT : parsePressureTotal(buffer, length, 'some');
    const stall =
      totalUs === ABSENT || this.#stalledUs === ABSENT || totalUs < this.#stalledUs
        ? null
        : {
            stalledSeconds: (totalUs - this.#stalledUs) / 1e6,
            seconds: (atMs - this.#stallReadAtMs) / 1000,
          };
    this.#stalledUs = totalUs;
    this.#stallReadAtMs = atMs;
    return stall;
  }
}
