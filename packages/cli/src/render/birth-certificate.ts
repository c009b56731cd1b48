import {
  NOT_MEASURED,
  showMilliseconds,
  showText,
  visible,
  type KernelStats,
  type PodBirthCertificate,
  type PodBirthCertificateSpec,
} from 'kernel-gossip-types';
import { pad, widthOf, widthOfPainted, wrap, wrapParts } from '../terminal/width.ts';
import {
  containerTitle,
  drawContainer,
  showNamespaces,
  showNumber,
  showSyscalls,
} from './birth-containers.ts';
import { drawTimeline, legend, type Describe } from './birth-timeline.ts';
import type { Paper } from './paper.ts';
import { provenanceNote } from './words.ts';

/** Left and right frame with a space each. */
const FRAME = 4;

const centred = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, Math.floor((width - widthOf(text)) / 2))) + text;

const field = (name: string, value: string, width: number): readonly string[] => {
  const [first = '', ...rest] = wrap(value, width - 20);
  return [`${pad(name, 19)} ${first}`, ...rest.map((line) => ' '.repeat(20) + line)];
};

function identity({ spec, metadata }: PodBirthCertificate, inner: number): readonly string[] {
  const note = provenanceNote(spec.provenance);
  const node = spec.source?.node_name ?? null;
  return [
    ...field('Namespace', visible(spec.namespace), inner),
    ...field('Pod UID', showText(spec.pod_uid), inner),
    ...field('Recorded at', visible(spec.recorded_at), inner),
    ...field('Recorded by', showText(spec.source?.name ?? null), inner),
    ...(node === null ? [] : field('Node', visible(node), inner)),
    ...field('Certificate', visible(metadata.name), inner),
    ...(note === null ? [] : field('Provenance', note, inner)),
  ];
}

/** An entry with the container that it was for, unless its words say so; a sandbox has no name of its own. */
const describeIn =
  ({ containers }: PodBirthCertificateSpec): Describe =>
  ({ action, container_name: name, container_id: id }) => {
    const birth = id === null ? undefined : containers?.find((one) => one.container_id === id);
    const title = birth === undefined ? null : containerTitle(birth);
    const whose = name === null ? title : visible(name);
    return whose === null || action.includes(whose) ? visible(action) : `${visible(action)} (${whose})`;
  };

function timeline(
  { spec, status }: PodBirthCertificate,
  { chalk, width: inner }: Pick<Paper, 'chalk' | 'width'>,
): readonly string[] {
  const entries = spec.timeline ?? [];
  if (entries.length === 0) return [NOT_MEASURED];
  const slowest = status?.slowest_phase ?? null;
  const sources = [...new Set(entries.map(({ source }) => source ?? 'a source not stated'))].map(visible);
  return [
    ...drawTimeline(entries, {
      totalMs: totalEnd(spec),
      slowest,
      describe: describeIn(spec),
      chalk,
      width: inner,
    }),
    '',
    ...wrapParts(legend(entries, slowest), inner),
    ...wrap(`Times from: ${sources.join(', ')}.`, inner),
    ...clockNote(spec, inner),
    ...wrap(notRead(spec), inner).filter((line) => line !== ''),
  ];
}

/** Where the kernel's part of the birth ended, on the timeline; it begins where the timeline does, or later. */
function totalEnd({ began_at, kernel_began_at, kernel_stats }: PodBirthCertificateSpec): number | null {
  const { total_duration_ms: total } = kernel_stats;
  if (total === null || began_at === null || kernel_began_at === null) return total;
  return total + Math.max(0, Date.parse(kernel_began_at) - Date.parse(began_at));
}

function clockNote({ timeline: entries }: PodBirthCertificateSpec, inner: number): readonly string[] {
  const clocks = new Set((entries ?? []).map(({ clock }) => clock));
  return clocks.has('node') && clocks.has('control-plane')
    ? wrap(
        "apiserver and scheduler go by the control plane's clock, the others by the node's; the two may differ.",
        inner,
      )
    : [];
}

/** Why events are missing, which stands with the acceptance of the pod. */
const notRead = ({ timeline: entries }: PodBirthCertificateSpec): string =>
  visible((entries ?? []).find(({ actor }) => actor === 'apiserver')?.details ?? '');

const SYSCALLS_NAMED = 8;

/** What everybody who tells of a birth can tell. */
const plainFigures = (stats: KernelStats, isTraced: boolean): readonly (readonly [string, string])[] => [
  [
    'Total duration',
    showMilliseconds(stats.total_duration_ms) +
      (isTraced && stats.total_duration_ms !== null
        ? ", from the runtime's first process to the last container's own program"
        : ''),
  ],
  ['System calls', showNumber(stats.total_syscalls)],
  [
    'Namespaces made',
    showNumber(stats.namespaces_created) +
      (stats.namespaces === null || stats.namespaces.length === 0
        ? ''
        : `: ${showNamespaces(stats.namespaces)}`),
  ],
  ['Cgroup writes', showNumber(stats.cgroup_writes)],
  ['Filter rules', showNumber(stats.iptables_rules)],
];

/** What only a tracer of the kernel can. */
const tracedFigures = (stats: KernelStats): readonly (readonly [string, string])[] => [
  ['Cgroups made', showNumber(stats.cgroups_created)],
  ['Mounts', showNumber(stats.mounts)],
  ['Network links', showNumber(stats.network_links)],
  ['Routes', showNumber(stats.network_routes)],
  ['Events lost', showNumber(stats.lost_events)],
  ...(stats.syscall_counts === null
    ? []
    : [['Most often', showSyscalls(stats.syscall_counts, SYSCALLS_NAMED)] as const]),
];

function statistics({ spec }: PodBirthCertificate, inner: number): readonly string[] {
  const { kernel_stats: stats, containers } = spec;
  const why = whyNotMeasured(spec);
  return [
    ...[
      ...plainFigures(stats, containers !== null),
      ...(containers === null ? [] : tracedFigures(stats)),
    ].flatMap(([name, value]) => field(name, value, inner)),
    ...(stats.syscalls === null || stats.syscalls.length === 0
      ? []
      : field('Among the calls', stats.syscalls.map(visible).join(', '), inner)),
    ...(why === null ? [] : field('Why', why, inner)),
  ];
}

/** Why the totals are not there, as far as the certificate tells; null where they are or nobody says. */
function whyNotMeasured(spec: PodBirthCertificateSpec): string | null {
  if (spec.incomplete !== null) return visible(spec.incomplete);
  if (spec.kernel_stats.total_duration_ms !== null) return null;
  if (spec.source?.name === 'kubernetes-api')
    return "No kernel evidence came for this birth: all of its times are Kubernetes' own.";
  return spec.containers === null
    ? null
    : 'Not every container of the pod was seen to begin its own program.';
}

const containers = ({ spec }: PodBirthCertificate, inner: number): readonly string[] =>
  (spec.containers ?? []).flatMap((birth, index) => [
    ...(index === 0 ? [] : ['']),
    ...drawContainer(birth, inner),
  ]);

function verdict({ status }: PodBirthCertificate, inner: number): readonly string[] {
  const slowest = status?.slowest_phase ?? null;
  const share = slowest?.share_percent ?? null;
  return [
    ...(slowest === null
      ? []
      : wrap(
          `Slowest: ${slowest.actor} ${visible(slowest.action)}, ${showMilliseconds(slowest.duration_ms)}${slowest.resolution_ms === null ? '' : ` ±${showMilliseconds(slowest.resolution_ms)}`}${share === null ? '' : `, ${share}% of the whole`}.`,
          inner,
        )),
    ...wrap(visible(status?.verdict ?? 'Not assessed yet.'), inner),
  ];
}

/** The certificate as a document: framed, with the timeline drawn to scale. */
export function drawCertificate(certificate: PodBirthCertificate, { chalk, width }: Paper): string {
  const inner = width - FRAME;
  const row = (text: string, paint: (text: string) => string = (same) => same): string =>
    `║ ${paint(text)}${' '.repeat(Math.max(0, inner - widthOfPainted(text)))} ║`;
  const headings = (line: string): string => (line.startsWith(' ') ? line : chalk.bold(line));
  const section = (
    name: string,
    lines: readonly string[],
    paint?: (text: string) => string,
  ): readonly string[] => [
    `╟─ ${chalk.bold(name)} ${'─'.repeat(Math.max(0, width - name.length - 5))}╢`,
    ...lines.map((line) => row(line, paint)),
  ];
  const edge = '═'.repeat(width - 2);
  return [
    `╔${edge}╗`,
    row(centred('POD BIRTH CERTIFICATE', inner), chalk.bold),
    ...wrap(visible(certificate.spec.pod_name), inner).map((line) => row(centred(line, inner), chalk.cyan)),
    `╟${'─'.repeat(width - 2)}╢`,
    ...identity(certificate, inner).map((line) =>
      row(line, line.startsWith('Provenance') ? chalk.magenta : undefined),
    ),
    ...section('What happened', timeline(certificate, { chalk, width: inner })),
    ...section('What the kernel counted', statistics(certificate, inner)),
    ...((certificate.spec.containers ?? []).length === 0
      ? []
      : section('Container by container', containers(certificate, inner), headings)),
    ...section('Verdict', verdict(certificate, inner)),
    `╚${edge}╝`,
  ].join('\n');
}
