import { sameLimits, windowBetween, type GroupReading, type MeasuredWindow } from './group-reading.ts';

/** One group of the pod. */
interface Kept {
  /** Where its window begins; null while limits have just changed. */
  readonly start: GroupReading | null;
  readonly last: GroupReading;
}

/** What is remembered of a pod that is measured: two readings of each of its groups. */
export interface PodWindows {
  /** No window begins before this: monotonic clock, in milliseconds. */
  readonly settledAtMs: number;
  /** Null while limits have just changed. */
  readonly current: { readonly startMs: number; readonly lengthMs: number } | null;
  /** By path. */
  readonly groups: ReadonlyMap<string, Kept>;
}

/** A window of the group at `path` that is to be told. */
export interface ToldWindow {
  readonly path: string;
  readonly window: MeasuredWindow;
}

interface Step {
  readonly windows: PodWindows;
  readonly told: readonly ToldWindow[];
}

/** The first window after a beginning is short, since somebody waits for it. */
const FIRST_MS = 5000;
const EVERY_MS = 10_000;
/**
 * After a change of limit, what had to wait under the old one is worked off first: under a higher limit that looks like a
 * demand which is not there, and what is withheld meanwhile is owed to the old limit.
 */
const SETTLE_MS = 2000;
/** Sweeps do not come to the millisecond; a window that is shorter by this is as good. */
const SLACK_MS = 250;

export const beginMeasuring = (nowMs: number): PodWindows => ({
  settledAtMs: nowMs,
  current: null,
  groups: new Map(),
});

/**
 * Takes one reading of each group of a pod in, and says which windows are complete. Pure. All groups of a pod are told of
 * together, so that container and pod can be laid side by side. A change of a limit of any of them cuts the windows of
 * all: pod and container are changed one after the other, and each bounds the other. What was counted up to there since
 * the last report is let go. A group that is new, or whose counters began anew, begins by itself and is told of with the
 * others when it has a window that is long enough.
 */
export function measure(
  { settledAtMs, current, groups }: PodWindows,
  readings: ReadonlyMap<string, GroupReading>,
  nowMs: number,
): Step {
  if ([...readings].some(([path, reading]) => isChanged(groups.get(path)?.last, reading)))
    return { windows: cutAt(readings, nowMs), told: [] };
  const running = current ?? (nowMs >= settledAtMs ? { startMs: nowMs, lengthMs: FIRST_MS } : null);
  const isDue = running !== null && nowMs - running.startMs >= running.lengthMs - SLACK_MS;
  const told: ToldWindow[] = [];
  const kept = new Map<string, Kept>();
  for (const [path, last] of readings) {
    const start = startOf(groups.get(path), last);
    const window = isDue ? longEnough(start, last) : null;
    if (window !== null) told.push({ path, window });
    const next = window === null ? (start ?? last) : last;
    kept.set(path, { start: running === null ? null : next, last });
  }
  const following = isDue ? { startMs: nowMs, lengthMs: EVERY_MS } : running;
  return { windows: { settledAtMs, current: following, groups: kept }, told };
}

const cutAt = (readings: ReadonlyMap<string, GroupReading>, nowMs: number): PodWindows => ({
  settledAtMs: nowMs + SETTLE_MS,
  current: null,
  groups: new Map([...readings].map(([path, last]) => [path, { start: null, last }])),
});

/** Where the window of a group began; null where none did, or where this reading does not follow from the one before. */
const startOf = (before: Kept | undefined, now: GroupReading): GroupReading | null =>
  before === undefined || windowBetween(before.last, now) === null ? null : before.start;

function longEnough(start: GroupReading | null, end: GroupReading): MeasuredWindow | null {
  const window = start === null ? null : windowBetween(start, end);
  return window !== null && window.seconds * 1000 >= FIRST_MS - 2 * SLACK_MS ? window : null;
}

/** A group of the same path that is another one has its own limits, and changed nobody's. */
const isChanged = (before: GroupReading | undefined, { inode, limits }: GroupReading): boolean =>
  before?.inode === inode && !sameLimits(before.limits, limits);
