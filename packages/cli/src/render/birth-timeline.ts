import type { ChalkInstance } from 'chalk';
import {
  isBirthPhase,
  showMilliseconds,
  visible,
  type Actor,
  type SlowestPhase,
  type TimelineEntry,
} from 'kernel-gossip-types';
import { cut, pad, wrap } from '../terminal/width.ts';
import type { Paper } from './paper.ts';

const CERTAIN = '█';
const UNCERTAIN = '░';
const INSTANT = '◆';
const NOTHING = ' ';
const SLOWEST = '◀';
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

export interface TimelineDrawing extends Pick<Paper, 'chalk' | 'width'> {
  readonly totalMs: number | null;
  readonly slowest: SlowestPhase | null;
  readonly describe: Describe;
}

/** Lanes in the order in which a birth goes through them. */
const LANES: readonly Actor[] = ['apiserver', 'scheduler', 'kubelet', 'runtime', 'cni', 'kernel'];
const LANE = Math.max(...LANES.map((name) => name.length));

/** Beside each colour stands the lane's name. */
const COLOURS = {
  apiserver: 'magenta',
  scheduler: 'blueBright',
  kubelet: 'cyan',
  runtime: 'green',
  cni: 'yellow',
  kernel: 'red',
} as const satisfies Readonly<Record<Actor, keyof ChalkInstance>>;

/** Width from which what was done, its bar and its times fit into one line. */
const ONE_LINE = 96;
/** Where less than this is left beside the times, what was done stands below them. */
const LEAST_BESIDE = 16;
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

interface Row {
  readonly what: string;
  readonly times: string;
  readonly bar: (columns: number) => string;
  readonly isSlowest: boolean;
}

interface Lane {
  readonly actor: Actor;
  readonly rows: readonly Row[];
}

/** A phase that is no single entry: the certificate tells its length, and not where on the axis it lies. */
function phaseRow({ action, duration_ms: duration, resolution_ms: resolution }: SlowestPhase): Row {
  const off = resolution === null ? '' : ` ±${showMilliseconds(resolution)}`;
  return {
    what: visible(action),
    times: cut(showMilliseconds(duration) + off, TIMES - 1).padStart(TIMES - 1),
    bar: (columns) => NOTHING.repeat(columns),
    isSlowest: true,
  };
}

function lanesOf(
  entries: readonly TimelineEntry[],
  endMs: number,
  { slowest, describe }: TimelineDrawing,
): readonly Lane[] {
  const isSlowest = (entry: TimelineEntry): boolean => slowest !== null && isBirthPhase(entry, slowest);
  const other = slowest === null || entries.some(isSlowest) ? null : slowest;
  return LANES.flatMap((actor) => {
    const own = entries
      .filter((entry) => entry.actor === actor)
      .toSorted((a, b) => a.timestamp_ms - b.timestamp_ms)
      .map((entry) => ({
        what: describe(entry),
        times: timesOf(entry),
        bar: (columns: number) => bar(entry, endMs, columns),
        isSlowest: isSlowest(entry),
      }));
    const rows = other?.actor === actor ? [...own, phaseRow(other)] : own;
    return rows.length === 0 ? [] : [{ actor, rows }];
  });
}

/** A line for each row; the lane's name stands at its first. */
function wideLane({ actor, rows }: Lane, { chalk, width }: TimelineDrawing): readonly string[] {
  const name = nameColumns(width);
  const words = name - LANE - 1;
  const lane = chalk[COLOURS[actor]];
  return rows.map(({ what, times: when, bar: draw, isSlowest }, index) => {
    const label = pad(isSlowest ? `${cut(what, words - 2)} ${SLOWEST}` : cut(what, words), words);
    const drawn = draw(width - name - TIMES - 1);
    const painted = isSlowest ? `${chalk.bold(label)} ${lane.bold(drawn)}` : `${label} ${lane(drawn)}`;
    return `${lane(pad(index === 0 ? actor : '', LANE))} ${painted} ${when}`;
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

/** Its times, and beside them, or below where there is no room, what was done. */
function narrowRow(
  { what, times: when, isSlowest }: Row,
  { chalk, width }: TimelineDrawing,
): readonly string[] {
  const text = isSlowest ? `${what} ${SLOWEST}` : what;
  const paint = (line: string): string => (isSlowest ? chalk.bold(line) : line);
  const beside = width - TIMES - 1;
  if (beside < LEAST_BESIDE) return [when, ...wrap(text, width - 4).map((line) => `    ${paint(line)}`)];
  const [first = '', ...rest] = wrap(text, beside);
  return [`${when}  ${paint(first)}`, ...rest.map((line) => ' '.repeat(TIMES + 1) + paint(line))];
}

/** One bar for the lane, and below it what it is made of. */
function narrowLane({ actor, rows }: Lane, drawing: TimelineDrawing): readonly string[] {
  const columns = drawing.width - LANE - 1;
  const drawn = overlay(
    rows.map(({ bar: draw }) => draw(columns)),
    columns,
  );
  const lane = drawing.chalk[COLOURS[actor]];
  return [`${lane(pad(actor, LANE))} ${lane(drawn)}`, ...rows.flatMap((row) => narrowRow(row, drawing))];
}

/** The timeline in lanes, a lane for each actor, all to one scale. Its lines are painted. */
export function drawTimeline(entries: readonly TimelineEntry[], drawing: TimelineDrawing): readonly string[] {
  const { totalMs, width } = drawing;
  const endMs = timelineEnd(entries, totalMs);
  const lanes = lanesOf(entries, endMs, drawing);
  if (width < ONE_LINE) {
    return [
      `${pad('', LANE)} ${axis(endMs, width - LANE - 1)}`,
      HEADING,
      ...lanes.flatMap((lane) => narrowLane(lane, drawing)),
    ];
  }
  const name = nameColumns(width);
  return [
    `${pad('', name)} ${axis(endMs, width - name - TIMES - 1)} ${HEADING}`,
    ...lanes.flatMap((lane) => wideLane(lane, drawing)),
  ];
}

/** What the signs mean, as far as they were used. */
export const legend = (
  entries: readonly TimelineEntry[],
  slowest: SlowestPhase | null,
): readonly string[] => [
  ...(entries.some((entry) => durationOf(entry) > resolutionOf(entry)) ? [`${CERTAIN} going on`] : []),
  ...(entries.some((entry) => resolutionOf(entry) >= FINEST_SHOWN_MS)
    ? [`${UNCERTAIN} within the clock's ±`]
    : []),
  ...(entries.some((entry) => durationOf(entry) === 0 && resolutionOf(entry) < FINEST_SHOWN_MS)
    ? [`${INSTANT} begin; length not measured`]
    : []),
  ...(slowest === null ? [] : [`${SLOWEST} slowest`]),
];
