import type { ChalkInstance } from 'chalk';
import { episodeOf, type Episode, type KernelWhisper } from 'kernel-gossip-types';
import { humanDuration } from '../terminal/duration.ts';
import { cut, pad, widthOf, wrap, wrapParts } from '../terminal/width.ts';
import { momentsOf, toldUntil, type Moment, type Voice } from './episode-moments.ts';
import type { Paper } from './paper.ts';

const LASTED = '█';
const UNTOLD = '░';
const OPEN_END = '→';
const INSTANT = '◆';
const NOTHING = ' ';

/** What is closer together than this is one moment: no clock here is compared more finely. */
const ONE_MOMENT_MS = 1000;

const HEADING = "When, by each source's clock:";
const INDENT = 2;
const WHEN = 10;
/** Width from which a moment, its bar and its time fit into one line. */
const ONE_LINE = 68;
const LONGEST_LABEL = 38;

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly columns: number;
}

/** The column that a time is in. Of two times, the later one is never in the column further left. */
const columnOf = ({ from, to, columns }: Axis, time: number): number =>
  Math.min(columns - 1, Math.max(0, Math.floor(((time - from) / (to - from)) * columns)));

const blank = (columns: number): string[] => Array.from({ length: columns }, () => NOTHING);

function momentBar({ from, at, earlier }: Moment, axis: Axis): string {
  const cells = blank(axis.columns);
  if (from < at) cells.fill(LASTED, columnOf(axis, from), columnOf(axis, at) + 1);
  else for (const time of [...earlier, at]) cells[columnOf(axis, time)] = INSTANT;
  return cells.join('');
}

/** Full as long as it is known to have lasted; without an end it reaches to that of the axis, and points on. */
function episodeBar({ from, to }: Episode, told: number, axis: Axis): string {
  const cells = blank(axis.columns);
  const first = columnOf(axis, from);
  if (to === null) cells.fill(UNTOLD, first);
  // Clocks may have it over before it began.
  cells.fill(LASTED, first, Math.max(first, columnOf(axis, told)) + 1);
  if (to === null) cells[axis.columns - 1] = OPEN_END;
  return cells.join('');
}

interface Row {
  readonly voice: Voice;
  readonly text: string;
  readonly at: number;
  readonly bar: (axis: Axis) => string;
}

function beganText({ status }: KernelWhisper, { to }: Episode): string {
  if (to !== null) return 'began';
  return status?.phase === 'Resolved' ? 'began; its end not measured' : 'began; still open';
}

function rowsOf(whisper: KernelWhisper, episode: Episode, moments: readonly Moment[]): readonly Row[] {
  const began: Row = {
    voice: 'Episode',
    text: beganText(whisper, episode),
    at: episode.from,
    bar: (axis) => episodeBar(episode, toldUntil(whisper), axis),
  };
  const rows = moments.map((moment): Row => ({ ...moment, bar: (axis) => momentBar(moment, axis) }));
  // A remedy of an episode before this one, or what metrics said, may be older.
  return [began, ...rows].toSorted((a, b) => a.at - b.at);
}

/** Of another clock, a time may lie ahead. */
const whenText = (time: number, now: number): string =>
  now - time <= -ONE_MOMENT_MS ? 'ahead' : `${humanDuration(now - time)} ago`;

/** From a time by the clock, as logs have it, to now, or to how long ago it was over. */
function axisLine({ from, to, columns }: Axis, now: number): string {
  const end = to === now ? 'now' : whenText(to, now);
  const whole = `${new Date(from).toISOString().slice(0, 19)}Z`;
  const start = widthOf(whole) + widthOf(end) + 3 <= columns ? whole : whole.slice(11);
  return `${start}${'─'.repeat(Math.max(1, columns - widthOf(start) - widthOf(end)))}${end}`;
}

/** The same colours as where figures are drawn to scale; each voice is named, too. */
const PAINTS = {
  Episode: 'bold',
  Kernel: 'red',
  Metrics: 'green',
  Remedy: 'cyan',
} as const satisfies Readonly<Record<Voice, keyof ChalkInstance>>;

const LEGEND = [
  [LASTED, "lasted, or a figure's window"],
  [UNTOLD, 'not told since'],
  [OPEN_END, 'no end known'],
  [INSTANT, 'moment'],
] as const;

/** What the signs mean, as far as they were used. */
const legend = (bars: readonly string[]): readonly string[] =>
  LEGEND.filter(([sign]) => bars.some((bar) => bar.includes(sign))).map(
    ([sign, meaning]) => `${sign} ${meaning}`,
  );

interface Layout {
  /** Whether a moment, its bar and its time stand in one line, or the bar below. */
  readonly isOneLine: boolean;
  readonly label: number;
  readonly bar: number;
}

function layoutIn(width: number): Layout {
  const room = width - INDENT - WHEN - 1;
  if (width < ONE_LINE) return { isOneLine: false, label: room, bar: width - INDENT };
  const label = Math.min(LONGEST_LABEL, Math.floor((room - 1) * 0.55));
  return { isOneLine: true, label, bar: room - 1 - label };
}

/** A row as it is drawn: its bar is painted, its words and its time stand beside. */
function rowLines(
  { voice, text, at }: Row,
  bar: string,
  { isOneLine, label }: Layout,
  now: number,
): readonly string[] {
  const said = `${voice}: ${text}`;
  const [first = '', ...rest] = widthOf(said) <= label ? [said] : wrap(said, label - INDENT);
  const when = cut(whenText(at, now), WHEN).padStart(WHEN);
  const below = rest.map((line) => ' '.repeat(INDENT) + line);
  return isOneLine
    ? [`${pad(first, label)} ${bar} ${when}`, ...below]
    : [`${pad(first, label)} ${when}`, ...below, bar];
}

/**
 * When the trouble lasted and what happened meanwhile: a row for each moment that the whisper tells of, all on one axis.
 * No line where it tells of one moment only.
 */
export function episodeTimeline(whisper: KernelWhisper, { chalk, width, now }: Paper): readonly string[] {
  const episode = episodeOf(whisper);
  const moments = momentsOf(whisper);
  const times = [episode.from, toldUntil(whisper), ...moments.flatMap(({ at, earlier }) => [...earlier, at])];
  if (Math.max(...times) - Math.min(...times) < ONE_MOMENT_MS) return [];
  const layout = layoutIn(width);
  const axis: Axis = {
    from: Math.min(...times, ...moments.map(({ from }) => from)),
    to: Math.max(...times, ...(episode.to === null ? [now] : [])),
    columns: layout.bar,
  };
  const rows = rowsOf(whisper, episode, moments).map((row) => ({
    row,
    bar: layout.isOneLine ? row.bar(axis) : row.bar(axis).trimEnd(),
  }));
  const scale = axisLine(axis, now);
  return [
    ...(layout.isOneLine
      ? [`${chalk.bold(pad(HEADING, layout.label))} ${scale}`]
      : [chalk.bold(HEADING), scale]),
    ...rows.flatMap(({ row, bar }) => rowLines(row, chalk[PAINTS[row.voice]](bar), layout, now)),
    ...wrapParts(legend(rows.map(({ bar }) => bar)), width - INDENT).map((line) => chalk.dim(line)),
  ].map((line) => ' '.repeat(INDENT) + line);
}
