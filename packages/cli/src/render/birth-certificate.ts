import type { PodBirthCertificate } from 'kernel-gossip-types';
import { showCount, showMilliseconds, showText } from '../terminal/figures.ts';
import { visible } from '../terminal/sanitize.ts';
import { pad, widthOf, wrap } from '../terminal/width.ts';
import { drawTimeline, legend } from './birth-timeline.ts';
import type { Paper } from './explain.ts';
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

function timeline({ spec }: PodBirthCertificate, inner: number): readonly string[] {
  const entries = spec.timeline ?? [];
  if (entries.length === 0) return ['not measured'];
  const sources = [...new Set(entries.map(({ source }) => source ?? 'a source not stated'))].map(visible);
  return [
    ...drawTimeline(entries, spec.kernel_stats.total_duration_ms, inner),
    '',
    ...wrap(legend(entries), inner),
    ...wrap(`Times from: ${sources.join(', ')}.`, inner),
  ];
}

function statistics(
  { spec: { kernel_stats: stats } }: PodBirthCertificate,
  inner: number,
): readonly string[] {
  return [
    ...field('Total duration', showMilliseconds(stats.total_duration_ms), inner),
    ...field('System calls', showCount(stats.total_syscalls), inner),
    ...field('Namespaces made', showCount(stats.namespaces_created), inner),
    ...field('Cgroup writes', showCount(stats.cgroup_writes), inner),
    ...field('Filter rules', showCount(stats.iptables_rules), inner),
    ...(stats.syscalls === null || stats.syscalls.length === 0
      ? []
      : field('Among the calls', stats.syscalls.map(visible).join(', '), inner)),
  ];
}

function verdict({ status }: PodBirthCertificate, inner: number): readonly string[] {
  const slowest = status?.slowest_phase ?? null;
  const share = slowest?.share_percent ?? null;
  return [
    ...(slowest === null
      ? []
      : wrap(
          `Slowest: ${slowest.actor} ${visible(slowest.action)}, ${showMilliseconds(slowest.duration_ms)}${share === null ? '' : `, ${share}% of the whole`}.`,
          inner,
        )),
    ...wrap(visible(status?.verdict ?? 'Not assessed yet.'), inner),
  ];
}

/** The certificate as a document: framed, with the timeline drawn to scale. */
export function drawCertificate(certificate: PodBirthCertificate, { chalk, width }: Paper): string {
  const inner = width - FRAME;
  const row = (text: string, paint: (text: string) => string = (same) => same): string =>
    `║ ${paint(text)}${' '.repeat(Math.max(0, inner - widthOf(text)))} ║`;
  const section = (name: string, lines: readonly string[]): readonly string[] => [
    `╟─ ${chalk.bold(name)} ${'─'.repeat(Math.max(0, width - name.length - 5))}╢`,
    ...lines.map((line) => row(line)),
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
    ...section('What happened', timeline(certificate, inner)),
    ...section('What the kernel counted', statistics(certificate, inner)),
    ...section('Verdict', verdict(certificate, inner)),
    `╚${edge}╝`,
  ].join('\n');
}
