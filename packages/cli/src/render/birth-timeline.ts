import type { TimelineEntry } from 'kernel-gossip-types';
import { showMilliseconds } from '../terminal/figures.ts';
import { visible } from '../terminal/sanitize.ts';
import { cut, pad } from '../terminal/width.ts';

const CERTAIN = '█';
const UNCERTAIN = '░';
const INSTANT = '◆';
const NOTHING = ' ';

const resolutionOf = ({ resolution_ms: resolution }: TimelineEntry): number => resolution ?? 0;
const durationOf = ({ duration_ms: duration }: TimelineEntry): number => duration ?? 0;

/** The latest moment at which any of it may have ended, in milliseconds. */
export const timelineEnd = (entries: readonly TimelineEntry[], totalMs: number | null): number =>
  entries.reduce(
    (latest, entry) => Math.max(latest, entry.timestamp_ms + resolutionOf(entry) + durationOf(entry)),
    totalMs ?? 0,
  );

/**
 * One entry to scale. A coarse clock only says that it began somewhere in [t, t + resolution): there, and where its end
 * may lie, the bar is grey; it is full only where the thing was going on whenever it began.
 */
export function bar(entry: TimelineEntry, endMs: number, columns: number): string {
  const { timestamp_ms: start } = entry;
  const resolution = resolutionOf(entry);
  const duration = durationOf(entry);
  // Divided first: columns / endMs would overflow for a birth of almost no length.
  const at = (ms: number): number => (endMs > 0 ? (ms / endMs) * columns : 0);
  const column = (ms: number): number => Math.min(columns - 1, Math.max(0, Math.floor(at(ms))));
  const last = (ms: number, from: number): number =>
    Math.max(from, Math.min(columns - 1, Math.ceil(at(ms)) - 1));
  const first = column(start);
  const cells = Array.from({ length: columns }, () => NOTHING);
  if (resolution > 0) cells.fill(UNCERTAIN, first, last(start + resolution + duration, first) + 1);
  if (duration > resolution) {
    const from = column(start + resolution);
    cells.fill(CERTAIN, from, last(start + duration, from) + 1);
  }
  if (resolution === 0 && duration === 0) cells[first] = INSTANT;
  return cells.join('');
}

/** When it began: `350 ms`, or `500 ms ±500 ms` by a coarse clock; and how long it took. */
export function timeLabel(entry: TimelineEntry): string {
  const half = resolutionOf(entry) / 2;
  const began =
    half === 0
      ? showMilliseconds(entry.timestamp_ms)
      : `${showMilliseconds(entry.timestamp_ms + half)} ±${showMilliseconds(half)}`;
  return entry.duration_ms === null
    ? `at ${began}`
    : `at ${began}, took ${showMilliseconds(entry.duration_ms)}`;
}

export const entryLabel = ({ actor, action }: TimelineEntry): string => `${pad(actor, 9)} ${visible(action)}`;

/** Width from which name, bar and time fit into one line. */
const ONE_LINE = 96;

function oneLine(entry: TimelineEntry, endMs: number, width: number): string {
  const name = Math.floor(width * 0.3);
  const time = 30;
  return `${pad(cut(entryLabel(entry), name), name)} ${bar(entry, endMs, width - name - time - 2)} ${cut(timeLabel(entry), time)}`;
}

const twoLines = (entry: TimelineEntry, endMs: number, width: number): readonly string[] => {
  const time = timeLabel(entry);
  const name = Math.max(10, width - time.length - 1);
  return [`${pad(cut(entryLabel(entry), name), name)} ${time}`, bar(entry, endMs, width)];
};

function axis(endMs: number, columns: number): string {
  const end = showMilliseconds(endMs);
  return `0${'─'.repeat(Math.max(1, columns - 1 - end.length))}${end}`;
}

/** The timeline, its bars to one scale, in the order in which things began. */
export function drawTimeline(
  entries: readonly TimelineEntry[],
  totalMs: number | null,
  width: number,
): readonly string[] {
  const endMs = timelineEnd(entries, totalMs);
  const ordered = [...entries].sort((a, b) => a.timestamp_ms - b.timestamp_ms);
  if (width >= ONE_LINE) {
    const name = Math.floor(width * 0.3);
    return [
      ...ordered.map((entry) => oneLine(entry, endMs, width)),
      `${' '.repeat(name + 1)}${axis(endMs, width - name - 32)}`,
    ];
  }
  return [...ordered.flatMap((entry) => twoLines(entry, endMs, width)), axis(endMs, width)];
}

/** What the signs mean, as far as they were used. */
export function legend(entries: readonly TimelineEntry[]): string {
  const parts = [
    ...(entries.some((entry) => durationOf(entry) > resolutionOf(entry)) ? [`${CERTAIN} going on`] : []),
    ...(entries.some((entry) => resolutionOf(entry) > 0) ? [`${UNCERTAIN} within the clock's ±`] : []),
    ...(entries.some((entry) => durationOf(entry) === 0 && resolutionOf(entry) === 0)
      ? [`${INSTANT} begin; length not measured`]
      : []),
  ];
  return parts.join('   ');
}
