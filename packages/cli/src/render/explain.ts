import {
  CAUSE_WORDS,
  showCount,
  showMilliseconds,
  showPercent,
  showSeconds,
  visible,
  type KernelWhisper,
  type PodBirthCertificate,
} from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';
import { widthOf, wrap } from '../terminal/width.ts';
import { episodeTimeline } from './episode-timeline.ts';
import { figuresOf, type FigureRow } from './figures-of.ts';
import { discrepancyLine, metricsSource } from './metrics-said.ts';
import { byUrgency } from './order.ts';
import { grid, headed, indented, bulleted, widthOfGrid, type Paper } from './paper.ts';
import { remedyStory } from './remedy-story.ts';
import { toScale } from './to-scale.ts';
import { trafficStory } from './traffic-story.ts';
import { containerOf, paintSeverity, phaseOf, provenanceNote, workloadText } from './words.ts';

export interface PodStory {
  readonly namespace: string;
  readonly pod: string;
  readonly whispers: readonly KernelWhisper[];
  readonly certificates: readonly PodBirthCertificate[];
}

function comparison(rows: readonly FigureRow[], paper: Paper): readonly string[] {
  const compared = rows.some(({ metrics }) => metrics !== null);
  const heading = ['', 'KERNEL', compared ? 'METRICS' : ''];
  const table = [heading, ...rows.map(({ name, kernel, metrics }) => [name, kernel, metrics ?? ''])];
  if (widthOfGrid(table) + 2 <= paper.width) return grid(table, paper);
  return rows.flatMap(({ name, kernel, metrics }) =>
    indented(`${name}: ${kernel}${metrics === null ? '' : ` (metrics: ${metrics})`}`, paper, 2),
  );
}

/** Where the kernel's column comes from, and over which window. */
export function kernelSource(
  { spec: { source } }: KernelWhisper,
  windowSeconds: number | null,
): readonly string[] {
  const window = windowSeconds === null ? 'window not stated' : `window ${showSeconds(windowSeconds)}`;
  if (source === null) return [`KERNEL: from a source not stated, ${window}.`];
  const node = source.node_name === null ? '' : ` on ${visible(source.node_name)}`;
  const cgroup = source.cgroup === null ? [] : [`cgroup ${visible(source.cgroup)}`];
  return [`KERNEL: from ${visible(source.name)}${node}, ${window}.`, ...cgroup];
}

const sources = (whisper: KernelWhisper, windowSeconds: number | null, now: number): readonly string[] => [
  ...kernelSource(whisper, windowSeconds),
  ...metricsSource(whisper, now),
];

/** When the source saw that it was over, and what it measured then. */
function over({ spec: { ended_at: endedAt, ended_percent: percent } }: KernelWhisper, now: number): string {
  if (endedAt === null) return '';
  return ` Over for ${age(endedAt, now)}; the share measured then: ${showPercent(percent)}.`;
}

function seen({ spec, status }: KernelWhisper, now: number): string {
  const times = status?.observations ?? null;
  const first = status?.first_seen ?? null;
  const parts = [
    times === null ? 'times seen: not counted yet' : `seen ${times} ${times === 1 ? 'time' : 'times'}`,
    ...(first === null ? [] : [`first ${age(first, now)} ago`]),
    `last ${age(status?.last_seen ?? spec.detected_at, now)} ago`,
  ];
  return `${parts.join(', ')}.`;
}

/** Like whispers that have no object of their own. */
function withheld({ status }: KernelWhisper): readonly string[] {
  const count = status?.withheld ?? 0;
  return count === 0 ? [] : [`${count} more of the same workload are counted here and not shown.`];
}

/** What kind of trouble it is at bottom, and the figures that show it. */
function why({ status }: KernelWhisper, paper: Paper): readonly string[] {
  const cause = status?.cause ?? null;
  if (cause === null) return [];
  const { kind, evidence, would_tell: wouldTell } = cause;
  return [
    ...headed('Why:', `${CAUSE_WORDS[kind]} (${kind}).`, paper),
    ...evidence.flatMap((text) => bulleted('-', visible(text), paper)),
    ...(wouldTell === null ? [] : bulleted('?', `To know more: ${visible(wouldTell)}`, paper)),
  ];
}

function advice({ status }: KernelWhisper, paper: Paper): readonly string[] {
  const recommendation = status?.recommendation ?? null;
  if (recommendation === null) return [];
  const priority = status?.priority ?? null;
  const text = `${visible(recommendation)}${priority === null ? '' : ` (priority ${priority})`}`;
  return headed('What to do:', text, paper);
}

/** How bad it is, and what. */
function titleLines(
  { spec: { severity } }: KernelWhisper,
  title: string,
  { chalk, width }: Paper,
): readonly string[] {
  const mark = `● ${severity}`;
  const [first = '', ...rest] = wrap(title, width - widthOf(mark) - 2);
  return [
    `${paintSeverity(chalk, severity, mark)}  ${chalk.bold(first)}`,
    ...rest.map((line) => `  ${chalk.bold(line)}`),
  ];
}

function whisperStory(whisper: KernelWhisper, paper: Paper): readonly string[] {
  const { chalk, now } = paper;
  const { spec, status } = whisper;
  const title = `${spec.kind}, ${spec.container_name === null ? 'the pod as a whole' : `container ${containerOf(whisper)}`}: ${phaseOf(whisper)}`;
  const note = provenanceNote(spec.provenance);
  const { rows, windowSeconds } = figuresOf(whisper);
  const says = [status?.insight ?? null, status?.kernel_evidence ?? null].filter((text) => text !== null);
  const dim = (text: string): readonly string[] => indented(text, paper, 2).map((line) => chalk.dim(line));
  const timeline = episodeTimeline(whisper, paper);
  return [
    ...titleLines(whisper, title, paper),
    ...(note === null ? [] : indented(note, paper, 2).map((line) => chalk.magenta(line))),
    ...(says.length === 0
      ? ['  Not assessed yet.']
      : says.flatMap((text) => indented(visible(text), paper, 2))),
    '',
    ...comparison(rows, paper),
    // A remedy has its own before and after, and the whole story should fit a screen.
    ...((status?.remedy ?? null) === null ? toScale(whisper, paper) : []),
    ...discrepancyLine(whisper).flatMap((text) => indented(text, paper, 2)),
    '',
    ...sources(whisper, windowSeconds, now).flatMap(dim),
    ...dim(seen(whisper, now) + over(whisper, now)),
    ...withheld(whisper).flatMap(dim),
    '',
    ...timeline,
    ...(timeline.length === 0 ? [] : ['']),
    ...why(whisper, paper),
    ...trafficStory(whisper, paper),
    ...advice(whisper, paper),
    ...remedyStory(whisper, paper),
  ];
}

/** A birth in one line. */
export function birthLine({ spec, status }: PodBirthCertificate): string {
  const { total_duration_ms: duration, total_syscalls: syscalls } = spec.kernel_stats;
  const slowest = status?.slowest_phase ?? null;
  const parts = [
    `took ${showMilliseconds(duration)}`,
    `system calls: ${showCount(syscalls)}`,
    ...(slowest === null
      ? []
      : [`slowest: ${slowest.actor} ${visible(slowest.action)}, ${showMilliseconds(slowest.duration_ms)}`]),
    ...(spec.provenance === 'measured' ? [] : [spec.provenance]),
  ];
  return `Birth (${visible(spec.recorded_at)}): ${parts.join('; ')}.`;
}

/** The story of one pod: each whisper with its figures, then its birth. */
export function explainPod({ namespace, pod, whispers, certificates }: PodStory, paper: Paper): string {
  const { chalk, width } = paper;
  const births =
    certificates.length === 0
      ? ['Birth: not recorded.']
      : certificates.flatMap((certificate) => wrap(birthLine(certificate), width));
  const stories =
    whispers.length === 0
      ? [
          ...wrap(
            'No whisper about this pod: nobody told of trouble in the kernel, or it is withheld where there are many.',
            width,
          ),
          '',
        ]
      : [...whispers].sort(byUrgency).flatMap((whisper) => [...whisperStory(whisper, paper), '']);
  const workload = whispers.find(({ spec }) => spec.workload !== null);
  const of = workload === undefined ? '' : ` of ${workloadText(workload)}`;
  const title = wrap(`Pod ${visible(namespace)}/${visible(pod)}${of}`, width).map((line) => chalk.bold(line));
  return [...title, '', ...stories, ...births].join('\n');
}
