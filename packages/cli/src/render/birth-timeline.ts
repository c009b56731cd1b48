import { showMilliseconds, type Actor, type TimelineEntry } from 'kernel-gossip-types';
import { cut, pad, wrap } from '../terminal/width.ts';

const CERTAIN = '█';
const UNCERTAIN = '░';
const INSTANT = '◆';
const NOTHING = ' ';
/** A clock that is finer than this is as good as certain, on paper. */
const FINEST_SHOWN_MS = 0.01;

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
  const resolution = resolutionOf(entry) < FINEST_SHOWN_MS ? 0 : resolutionOf(entry);
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

/** When it began: `350 ms`, or `500 ms ±500 ms` by a coarse clock. */
export function beganLabel(entry: TimelineEntry): string {
  // What is finer than what is shown is no ± for people.
  const half = resolutionOf(entry) / 2;
  return half < FINEST_SHOWN_MS
    ? showMilliseconds(entry.timestamp_ms)
    : `${showMilliseconds(entry.timestamp_ms + half)} ±${showMilliseconds(half)}`;
}

const tookLabel = ({ duration_ms: duration }: TimelineEntry): string =>
  duration === null ? '' : showMilliseconds(duration);

/** What was done, and for which container. */
export type Describe = (entry: TimelineEntry) => string;

export interface TimelineDrawing {
  readonly totalMs: number | null;
  readonly width: number;
  readonly describe: Describe;
}

/** Lanes in the order in which a birth goes through them. */
const LANES: readonly Actor[] = ['apiserver', 'scheduler', 'kubelet', 'runtime', 'cni', 'kernel'];
const LANE = Math.max(...LANES.map((name) => name.length));

/** Width from which what was done, its bar and its times fit into one line. */
const ONE_LINE = 96;
const BEGAN = 16;
const TOOK = 7;
const TIMES = BEGAN + TOOK + 2;

const times = (began: string, took: string): string =>
  `${cut(began, BEGAN).padStart(BEGAN)} ${cut(took, TOOK).padStart(TOOK)}`;
const timesOf = (entry: TimelineEntry): string => times(beganLabel(entry), tookLabel(entry));
const HEADING = times('BEGAN', 'TOOK');

function axis(endMs: number, columns: number): string {
  const end = showMilliseconds(endMs);
  return `0${'─'.repeat(Math.max(1, columns - 1 - end.length))}${end}`;
}

interface Lane {
  readonly actor: Actor;
  readonly entries: readonly TimelineEntry[];
}

const lanesOf = (entries: readonly TimelineEntry[]): readonly Lane[] =>
  LANES.flatMap((actor) => {
    const own = entries.filter((entry) => entry.actor === actor);
    return own.length === 0
      ? []
      : [{ actor, entries: own.toSorted((a, b) => a.timestamp_ms - b.timestamp_ms) }];
  });

/** A line for each entry; the lane's name stands at its first. */
function wideLane(
  { actor, entries }: Lane,
  endMs: number,
  { width, describe }: TimelineDrawing,
): readonly string[] {
  const name = nameColumns(width);
  return entries.map((entry, index) => {
    const what = `${pad(index === 0 ? actor : '', LANE)} ${describe(entry)}`;
    return `${pad(cut(what, name), name)} ${bar(entry, endMs, width - name - TIMES - 1)} ${timesOf(entry)}`;
  });
}

const nameColumns = (width: number): number => Math.floor(width * 0.46);

/** Where several are drawn into one line, the most certain sign is seen. */
const STRENGTH = [NOTHING, UNCERTAIN, INSTANT, CERTAIN];

const overlay = (bars: readonly string[], columns: number): string =>
  Array.from({ length: columns }, (_, column) =>
    bars.reduce((strongest, one) => {
      const sign = one[column] ?? NOTHING;
      return STRENGTH.indexOf(sign) > STRENGTH.indexOf(strongest) ? sign : strongest;
    }, NOTHING),
  ).join('');

/** One bar for the lane, and below it what it is made of. */
function narrowLane(
  { actor, entries }: Lane,
  endMs: number,
  { width, describe }: TimelineDrawing,
): readonly string[] {
  const columns = width - LANE - 1;
  const drawn = overlay(
    entries.map((entry) => bar(entry, endMs, columns)),
    columns,
  );
  return [
    `${pad(actor, LANE)} ${drawn}`,
    ...entries.flatMap((entry) => {
      const [first = '', ...rest] = wrap(describe(entry), width - TIMES - 1);
      return [`${timesOf(entry)}  ${first}`, ...rest.map((line) => ' '.repeat(TIMES + 1) + line)];
    }),
  ];
}

/** The timeline in lanes, a lane for each actor, all to one scale. */
export function drawTimeline(entries: readonly TimelineEntry[], drawing: TimelineDrawing): readonly string[] {
  const { totalMs, width } = drawing;
  const endMs = timelineEnd(entries, totalMs);
  const lanes = lanesOf(entries);
  if (width < ONE_LINE) {
    return [
      `${pad('', LANE)} ${axis(endMs, width - LANE - 1)}`,
      HEADING,
      ...lanes.flatMap((lane) => narrowLane(lane, endMs, drawing)),
    ];
  }
  const name = nameColumns(width);
  return [
    `${pad('', name)} ${axis(endMs, width - name - TIMES - 1)} ${HEADING}`,
    ...lanes.flatMap((lane) => wideLane(lane, endMs, drawing)),
  ];
}

/** What the signs mean, as far as they were used. */
export function legend(entries: readonly TimelineEntry[]): string {
  const parts = [
    ...(entries.some((entry) => durationOf(entry) > resolutionOf(entry)) ? [`${CERTAIN} going on`] : []),
    ...(entries.some((entry) => resolutionOf(entry) >= FINEST_SHOWN_MS)
      ? [`${UNCERTAIN} within the clock's ±`]
      : []),
    ...(entries.some((entry) => durationOf(entry) === 0 && resolutionOf(entry) < FINEST_SHOWN_MS)
      ? [`${INSTANT} begin; length not measured`]
      : []),
  ];
  return parts.join('   ');
}
