/** How much memory a group had at one moment. */
export interface MemoryLevel {
  /** Everything that is charged to the group, page cache included. */
  readonly usageBytes: number;
  /**
   * The usage without the file pages that nobody used lately (`inactive_file`), which the kernel drops first: what kubelet calls
   * the working set. Null where it was not read, as the usage is far from the limit.
   */
  readonly workingSetBytes: number | null;
  /** The group's own limit; null where it has none. */
  readonly limitBytes: number | null;
}

/** Time in which some task of the group waited for memory (PSI `some`), of the time over which this was measured. */
export interface Stall {
  readonly stalledSeconds: number;
  readonly seconds: number;
}

/** What a group's files said at one moment. */
export interface MemoryReading {
  /** Tells a group from a later one of the same path, whose counters begin at 0 again. */
  readonly inode: number;
  /** Monotonic clock, in milliseconds. */
  readonly atMs: number;
  readonly level: MemoryLevel;
  /** Processes that the OOM killer killed since the group was made; null where the kernel does not count them. */
  readonly oomKills: number | null;
  /** Since the stall was read before; null where it was not read now. */
  readonly stall: Stall | null;
}

/** What happened between two readings, or in several such spans one after the other. */
export interface MemoryWindow {
  readonly seconds: number;
  /** Null where the kernel does not count them. */
  readonly oomKills: number | null;
  /** The highest level that was read in the window, its ends included. */
  readonly highest: MemoryLevel;
  /** Null where it was not read in the window. */
  readonly stall: Stall | null;
}

/**
 * Memory in use as a share of the limit, 0..100; null without a limit. A limit that is lowered below what is in use makes it
 * more for a while, which counts as 100.
 */
export function usedPercent({ usageBytes, workingSetBytes, limitBytes }: MemoryLevel): number | null {
  if (limitBytes === null) return null;
  const used = workingSetBytes ?? usageBytes;
  return used >= limitBytes ? 100 : (100 * used) / limitBytes;
}

/** Share of the time in which some task waited, 0..100; 0 where nothing was measured. */
export const stalledPercent = ({ stalledSeconds, seconds }: Stall): number =>
  seconds === 0 ? 0 : Math.min(100, (100 * stalledSeconds) / seconds);

const higher = (one: MemoryLevel, other: MemoryLevel): MemoryLevel => {
  const [first, second] = [usedPercent(one), usedPercent(other)];
  if (first === null || second === null) return other;
  return second >= first ? other : one;
};

const sum = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other;

/** What happened between two readings; null where they are not of the same group, in order, without a reset. */
export function windowBetween(before: MemoryReading, after: MemoryReading): MemoryWindow | null {
  if (before.inode !== after.inode || after.atMs <= before.atMs) return null;
  const oomKills =
    before.oomKills === null || after.oomKills === null ? null : after.oomKills - before.oomKills;
  if (oomKills !== null && oomKills < 0) return null;
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    oomKills,
    highest: higher(before.level, after.level),
    stall: after.stall,
  };
}

/** Two stretches of stall, one right after the other, as one. */
export function joinStalls(first: Stall | null, second: Stall | null): Stall | null {
  if (first === null || second === null) return first ?? second;
  return {
    stalledSeconds: first.stalledSeconds + second.stalledSeconds,
    seconds: first.seconds + second.seconds,
  };
}

/** Two windows, one right after the other, as one. */
export const joinWindows = (first: MemoryWindow | null, second: MemoryWindow): MemoryWindow =>
  first === null
    ? second
    : {
        seconds: first.seconds + second.seconds,
        oomKills: sum(first.oomKills, second.oomKills),
        highest: higher(first.highest, second.highest),
        stall: joinStalls(first.stall, second.stall),
      };
