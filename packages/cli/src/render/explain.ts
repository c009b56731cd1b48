import type { ChalkInstance } from 'chalk';
import type { KernelWhisper, PodBirthCertificate } from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';
import {
  NOT_MEASURED,
  showCount,
  showMilliseconds,
  showPercent,
  showSeconds,
  showText,
} from '../terminal/figures.ts';
import { visible } from '../terminal/sanitize.ts';
import { pad, widthOf, wrap } from '../terminal/width.ts';
import { figuresOf, type FigureRow } from './figures-of.ts';
import { byUrgency } from './order.ts';
import { containerOf, paintSeverity, phaseOf, provenanceNote } from './words.ts';

/** How a document is drawn. */
export interface Paper {
  readonly chalk: ChalkInstance;
  readonly width: number;
  readonly now: number;
}

export interface PodStory {
  readonly namespace: string;
  readonly pod: string;
  readonly whispers: readonly KernelWhisper[];
  readonly certificates: readonly PodBirthCertificate[];
}

const indented = (text: string, width: number, by: number): readonly string[] =>
  wrap(text, width - by).map((line) => ' '.repeat(by) + line);

const GAP = 3;

function comparison(rows: readonly FigureRow[], chalk: ChalkInstance): readonly string[] {
  const names = Math.max(...rows.map(({ name }) => widthOf(name)));
  const kernels = Math.max(...rows.map(({ kernel }) => widthOf(kernel)), 'KERNEL'.length);
  const compared = rows.some(({ metrics }) => metrics !== null);
  const gap = ' '.repeat(GAP);
  const heading = `  ${pad('', names)}${gap}${pad('KERNEL', kernels)}${compared ? `${gap}METRICS` : ''}`;
  const dim = (text: string): string => (text === NOT_MEASURED ? chalk.dim(text) : text);
  return [
    chalk.bold(heading.trimEnd()),
    ...rows.map(({ name, kernel, metrics }) => {
      const filled = dim(kernel) + ' '.repeat(kernels - widthOf(kernel));
      return `  ${pad(name, names)}${gap}${filled}${metrics === null ? '' : gap + dim(metrics)}`.trimEnd();
    }),
  ];
}

/** Where the kernel's column comes from, and over which window. */
function kernelSource({ spec: { source } }: KernelWhisper, windowSeconds: number | null): readonly string[] {
  const window = windowSeconds === null ? 'window not stated' : `window ${showSeconds(windowSeconds)}`;
  if (source === null) return [`KERNEL: from a source not stated, ${window}.`];
  const node = source.node_name === null ? '' : ` on ${visible(source.node_name)}`;
  const cgroup = source.cgroup === null ? [] : [`cgroup ${visible(source.cgroup)}`];
  return [`KERNEL: from ${visible(source.name)}${node}, ${window}.`, ...cgroup];
}

function metricsSource({ spec: { metrics_lie: claim } }: KernelWhisper): readonly string[] {
  if (claim === null || (claim.reported_cpu_cores ?? claim.reported_memory_bytes) === null) return [];
  return [`METRICS: from ${showText(claim.source, 'a source not stated')}, at the same moment.`];
}

const sources = (whisper: KernelWhisper, windowSeconds: number | null): readonly string[] => [
  ...kernelSource(whisper, windowSeconds),
  ...metricsSource(whisper),
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

function advice(whisper: KernelWhisper, { chalk, width }: Paper): readonly string[] {
  const { status } = whisper;
  const recommendation = status?.recommendation ?? null;
  if (recommendation === null) return [];
  const priority = status?.priority ?? null;
  const text = `${visible(recommendation)}${priority === null ? '' : ` (priority ${priority})`}`;
  const [first = '', ...rest] = wrap(text, width - 4);
  return ['', `  ${chalk.green('→')} ${first}`, ...rest.map((line) => `    ${line}`)];
}

function whisperStory(whisper: KernelWhisper, paper: Paper): readonly string[] {
  const { chalk, width, now } = paper;
  const { spec, status } = whisper;
  const title = `${spec.kind}, ${spec.container_name === null ? 'the pod as a whole' : `container ${containerOf(whisper)}`}: ${phaseOf(whisper)}`;
  const note = provenanceNote(spec.provenance);
  const { rows, windowSeconds } = figuresOf(whisper);
  const says = [status?.insight ?? null, status?.kernel_evidence ?? null].filter((text) => text !== null);
  return [
    `${paintSeverity(chalk, spec.severity, `● ${spec.severity}`)}  ${chalk.bold(title)}`,
    ...(note === null ? [] : indented(note, width, 2).map((line) => chalk.magenta(line))),
    ...(says.length === 0
      ? ['  Not assessed yet.']
      : says.flatMap((text) => indented(visible(text), width, 2))),
    '',
    ...comparison(rows, chalk),
    '',
    ...sources(whisper, windowSeconds).flatMap((text) =>
      indented(text, width, 2).map((line) => chalk.dim(line)),
    ),
    ...indented(seen(whisper, now) + over(whisper, now), width, 2).map((line) => chalk.dim(line)),
    ...advice(whisper, paper),
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
            'No whisper: neither an observer nor Pixie reported trouble in the kernel for this pod.',
            width,
          ),
          '',
        ]
      : [...whispers].sort(byUrgency).flatMap((whisper) => [...whisperStory(whisper, paper), '']);
  return [chalk.bold(`Pod ${visible(namespace)}/${visible(pod)}`), '', ...stories, ...births].join('\n');
}
