import type { ChalkInstance } from 'chalk';
import { SEVERITIES, visible, type KernelWhisper } from 'kernel-gossip-types';
import { kernelSource } from '../render/explain.ts';
import { figuresOf, type FigureRow } from '../render/figures-of.ts';
import { evidenceOf, containerOf, marked, paintSeverity, phaseOf } from '../render/words.ts';
import { age } from '../terminal/duration.ts';
import type { ScreenSize } from '../terminal/screen.ts';
import { sparkline } from '../terminal/sparkline.ts';
import { headerLine, layOut, rowLine, type Column } from '../terminal/table.ts';
import { cut, widthOf, wrap } from '../terminal/width.ts';
import { groupsOf, names, type Group } from './groups.ts';
import { TREND_LENGTH, type HeldWhisper } from './held.ts';
import { selectedIndex, type Shown, type View } from './view.ts';

/** Everything that a picture is made of. */
export interface Scene {
  readonly target: string;
  /** Those that were asked for, in any order. */
  readonly whispers: readonly HeldWhisper[];
  readonly view: View;
  /** Whether what is shown is what there is; otherwise why not. */
  readonly stale: string | null;
  readonly now: number;
  readonly size: ScreenSize;
  readonly chalk: ChalkInstance;
}

/** A picture as large as the screen, and what may be moved about in it. */
export interface Frame {
  readonly lines: readonly string[];
  readonly shown: Shown;
}

/** Lines above the list, below it, and for the whisper that is told of in full. */
const HEAD = 3;
const FOOT = 1;
const DETAILS = 6;
/** With fewer lines than this the list has all of them. */
const ROOM_FOR_DETAILS = 16;
const MARK = 2;

type Line = { readonly title: string } | { readonly held: HeldWhisper };

const linesOf = (groups: readonly Group[]): readonly Line[] =>
  groups.flatMap(({ title, whispers }) => [{ title }, ...whispers.map((held) => ({ held }))]);

const isResolved = ({ whisper }: HeldWhisper): boolean => whisper.status?.phase === 'Resolved';

const REMEDY = 'REMEDY';
const hasRemedy = ({ whisper }: HeldWhisper): boolean => whisper.status?.remedy != null;

/** The mark goes first: the end of a long text is cut off. */
const evidenceText = ({ whisper }: HeldWhisper): string =>
  whisper.spec.provenance === 'measured'
    ? evidenceOf(whisper)
    : `(${whisper.spec.provenance}) ${evidenceOf(whisper)}`;

function columnsOf(chalk: ChalkInstance, now: number): readonly Column<HeldWhisper>[] {
  const seen = ({ spec, status }: KernelWhisper): string => status?.last_seen ?? spec.detected_at;
  return [
    {
      header: 'SEVERITY',
      text: (held) => (isResolved(held) ? 'resolved' : held.whisper.spec.severity),
      paint: (held, text) =>
        isResolved(held) ? chalk.green(text) : paintSeverity(chalk, held.whisper.spec.severity, text),
    },
    { header: 'POD', text: ({ whisper }) => visible(whisper.spec.pod_name), shrinksTo: 14 },
    { header: 'CONTAINER', text: ({ whisper }) => containerOf(whisper), expendable: 5 },
    { header: 'KIND', text: ({ whisper }) => whisper.spec.kind, expendable: 2 },
    {
      header: 'EVIDENCE',
      text: evidenceText,
      shrinksTo: 20,
      expendable: 1,
    },
    {
      header: 'TREND'.padEnd(TREND_LENGTH),
      text: ({ trend }) => sparkline(trend, 100).padStart(TREND_LENGTH),
      paint: (_, text) => chalk.cyan(text),
      expendable: 4,
    },
    { header: REMEDY, text: ({ whisper }) => whisper.status?.remedy?.phase ?? '-', expendable: 6 },
    {
      header: 'SINCE',
      text: ({ whisper }) => age(whisper.spec.detected_at, now).padStart(5),
      expendable: 7,
    },
    { header: 'SEEN', text: ({ whisper }) => age(seen(whisper), now).padStart(5), expendable: 3 },
  ];
}

/** Left and right on one line; what is on the right stays whole. */
function spread(left: string, right: string, columns: number): readonly [left: string, right: string] {
  const fitted = cut(left, Math.max(0, columns - widthOf(right) - 1));
  return [fitted, ' '.repeat(Math.max(1, columns - widthOf(fitted) - widthOf(right))) + right];
}

function titleLine({ target, view, stale, now, size, chalk }: Scene): string {
  const clock = `${new Date(now).toISOString().slice(11, 19)} UTC`;
  const state = view.isPaused ? `paused at ${clock}` : stale === null ? `live ${clock}` : `away ${clock}`;
  const [left, right] = spread(target, state, size.columns);
  const paint = view.isPaused ? chalk.yellow : stale === null ? chalk.green : chalk.red;
  return chalk.bold(left) + paint(right);
}

function countsLine({ whispers, view, size, chalk }: Scene): string {
  const open = whispers.filter((held) => !isResolved(held));
  const counts = SEVERITIES.toReversed().map((severity) => {
    const count = open.filter(({ whisper }) => whisper.spec.severity === severity).length;
    return { severity, text: `${count} ${severity}` };
  });
  const resolved = whispers.length - open.length;
  const over = `${resolved} resolved${view.withResolved || resolved === 0 ? '' : ' (hidden)'}`;
  const filter = view.isTyping ? `/${view.filter}_` : view.filter === '' ? '' : `/${view.filter}`;
  const rest = [over, view.sort, ...(filter === '' ? [] : [filter])].join('  ');
  const plain = [...counts.map(({ text }) => text), rest].join('  ');
  if (widthOf(plain) > size.columns) return cut(plain, size.columns);
  return [...counts.map(({ severity, text }) => paintSeverity(chalk, severity, text)), rest].join('  ');
}

/** The page of the list that the selection is on. */
function pageOf(lines: readonly Line[], selected: HeldWhisper | null, height: number): readonly Line[] {
  const at = lines.findIndex((line) => 'held' in line && line.held === selected);
  const first = Math.floor(Math.max(0, at) / height) * height;
  return lines.slice(first, first + height);
}

function listLines(page: readonly Line[], selected: HeldWhisper | null, scene: Scene): readonly string[] {
  const { chalk, now, size } = scene;
  const rows = page.flatMap((line) => ('held' in line ? [line.held] : []));
  // Where nobody has a remedy, its room is for the others.
  const columns = columnsOf(chalk, now).filter(({ header }) => header !== REMEDY || rows.some(hasRemedy));
  const layout = layOut(columns, rows, size.columns - MARK);
  // Colours of its own would be holes in a line that is inverse as a whole.
  const plain = { ...layout, columns: layout.columns.map(({ paint: _paint, ...column }) => column) };
  return [
    chalk.dim(cut(' '.repeat(MARK) + headerLine(layout), size.columns)),
    ...page.map((line) => {
      if ('title' in line) return chalk.bold(cut(line.title, size.columns));
      if (line.held !== selected) return ' '.repeat(MARK) + rowLine(layout, line.held);
      return chalk.inverse(`> ${rowLine(plain, line.held)}`);
    }),
  ];
}

function detailTitle({ whisper }: HeldWhisper): string {
  const { spec, status } = whisper;
  const more = status?.withheld ?? 0;
  const said = marked(spec.provenance, visible(status?.insight ?? 'not assessed yet'));
  return `${visible(spec.namespace)}/${visible(spec.pod_name)} ${containerOf(whisper)}, ${phaseOf(whisper)}${more === 0 ? '' : `, and ${more} like it`}: ${said}`;
}

const figureText = ({ name, kernel, metrics }: FigureRow): string =>
  `${name} ${kernel}${metrics === null ? '' : ` (metrics: ${metrics})`}`;

/** A whisper in full: each figure with its source and its window. */
function details(held: HeldWhisper, { now, size, chalk }: Scene): readonly string[] {
  const { spec, status } = held.whisper;
  const { rows, windowSeconds } = figuresOf(held.whisper);
  const ended = spec.measured_at === null ? '' : ` The window ended ${age(spec.measured_at, now)} ago.`;
  const fit = (text: string): string => cut(text, size.columns);
  const [first = '', ...others] = wrap(rows.map(figureText).join('; '), size.columns);
  const figures = [first, fit(others.join(' '))];
  return [
    chalk.dim('─'.repeat(size.columns)),
    chalk.bold(fit(detailTitle(held))),
    ...figures,
    chalk.dim(fit(kernelSource(held.whisper, windowSeconds).join(' ') + ended)),
    fit(`To do: ${visible(status?.recommendation ?? 'nothing is recommended')}`),
  ];
}

const KEYS = 'q quit  / filter  s sort  r resolved  p pause  arrows move';
const KEYS_WHILE_TYPING = 'Enter keep the filter  Esc drop it';

function lastLine({ stale, view, size, chalk }: Scene): string {
  if (view.isTyping) return chalk.dim(cut(KEYS_WHILE_TYPING, size.columns));
  return stale === null
    ? chalk.dim(cut(KEYS, size.columns))
    : chalk.yellow(cut(visible(stale), size.columns));
}

function nothing({ whispers, view, stale }: Scene): string {
  if (stale !== null && whispers.length === 0) return 'Nothing was heard yet.';
  if (view.filter !== '') return `No whisper has "${view.filter}" in its names. Esc drops the filter.`;
  return 'Nobody whispers: no open finding. Whether anybody looks is what `kgossip doctor` tells.';
}

/** The whole picture. It is a pure function of what is known, so that it can be drawn at any moment. */
export function frame(scene: Scene): Frame {
  const { whispers, view, size } = scene;
  const wanted = whispers.filter(
    (held) => (view.withResolved || !isResolved(held)) && names(held.whisper, view.filter),
  );
  const groups = groupsOf(wanted, view.sort);
  const ordered = groups.flatMap((group) => group.whispers);
  const keys = ordered.map(({ key }) => key);
  const selected = ordered[selectedIndex(view, keys)] ?? null;
  const hasDetails = selected !== null && size.rows >= ROOM_FOR_DETAILS;
  const height = Math.max(1, size.rows - HEAD - FOOT - (hasDetails ? DETAILS : 0));
  const list =
    selected === null
      ? ['', cut(nothing(scene), size.columns)]
      : listLines(pageOf(linesOf(groups), selected, height), selected, scene);
  const body = [titleLine(scene), countsLine(scene), ...list];
  const below = [...(hasDetails ? details(selected, scene) : []), lastLine(scene)];
  const space = Array.from({ length: Math.max(0, size.rows - body.length - below.length) }, () => '');
  return { lines: [...body, ...space, ...below].slice(0, size.rows), shown: { keys, page: height } };
}
