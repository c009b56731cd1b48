import {
  withCondition,
  type PodBirthCertificate,
  type PodBirthCertificateSpec,
  type PodBirthCertificateStatus,
  type SlowestPhase,
} from 'kernel-gossip-types';
import { networkPluginsMs, slowestPhase } from './birth-phases.ts';
import { millisecondsText } from './words.ts';

/** What to make of a birth, from what stands on its certificate. */
export function assessBirth(certificate: PodBirthCertificate, nowMs: number): PodBirthCertificateStatus {
  const { spec, status, metadata } = certificate;
  const slowest = slowestPhase(spec);
  return {
    slowest_phase: slowest,
    verdict: verdict(spec, slowest),
    conditions: withCondition(
      status?.conditions ?? [],
      { type: 'Complete', ...completeness(spec), observedGeneration: metadata.generation },
      new Date(nowMs).toISOString(),
    ),
    observed_generation: metadata.generation,
  };
}

interface Completeness {
  readonly status: 'True' | 'False';
  readonly reason: 'EverythingMeasured' | 'EventsLost' | 'NotEverythingMeasured';
  readonly message: string;
}

/** As long as a condition's message may be, with room to spare. */
const LONGEST_MESSAGE = 4096;

function completeness(spec: PodBirthCertificateSpec): Completeness {
  const missing = missingFigures(spec);
  const lost = spec.kernel_stats.lost_events ?? 0;
  const why = [
    ...(missing.length === 0 ? [] : [`Not measured: ${missing.join(', ')}.`]),
    ...(lost === 0 ? [] : [`The source lost ${lost} events about births meanwhile.`]),
    ...reasonsOf(spec),
  ];
  if (why.length === 0) {
    return { status: 'True', reason: 'EverythingMeasured', message: 'Every figure was measured.' };
  }
  return {
    status: 'False',
    reason: lost > 0 ? 'EventsLost' : 'NotEverythingMeasured',
    message: why.join(' ').slice(0, LONGEST_MESSAGE),
  };
}

const FIGURES = [
  'total_syscalls',
  'namespaces_created',
  'cgroup_writes',
  'iptables_rules',
  'total_duration_ms',
] as const;

const missingFigures = ({ kernel_stats, timeline }: PodBirthCertificateSpec): readonly string[] => [
  ...FIGURES.filter((figure) => kernel_stats[figure] === null),
  ...(timeline === null ? ['timeline'] : []),
];

/** Why figures are missing, in the words of the source. */
const reasonsOf = ({ incomplete, containers }: PodBirthCertificateSpec): readonly string[] => [
  ...(incomplete === null ? [] : [`${incomplete}.`]),
  ...(containers ?? []).flatMap((birth) =>
    birth.incomplete === null || birth.role === 'restart' || birth.role === 'ephemeral'
      ? []
      : [`${birth.container_name ?? birth.role ?? 'a container'}: ${birth.incomplete}.`],
  ),
];

function verdict(spec: PodBirthCertificateSpec, slowest: SlowestPhase | null): string {
  const { total_duration_ms: durationMs, total_syscalls: syscalls } = spec.kernel_stats;
  const took =
    durationMs === null
      ? 'How long the birth took was not measured'
      : `Born in ${millisecondsText(durationMs)}`;
  const calls = syscalls === null ? '' : ` with ${syscalls} system calls`;
  return `${took}${calls}; ${slowestText(slowest)}${networkText(spec, slowest)}`;
}

function slowestText(slowest: SlowestPhase | null): string {
  if (slowest === null) return 'the timeline does not tell where the time went';
  const share = slowest.share_percent === null ? '' : ` (${slowest.share_percent}%)`;
  const about = slowest.resolution_ms === null ? '' : ` ±${millisecondsText(slowest.resolution_ms)}`;
  return `slowest: ${slowest.action} by ${slowest.actor}, ${millisecondsText(slowest.duration_ms)}${about}${share}`;
}

/** The time of the network plugins is named in any case, since nothing else of Kubernetes shows it. */
function networkText(spec: PodBirthCertificateSpec, slowest: SlowestPhase | null): string {
  const networkMs = networkPluginsMs(spec);
  if (networkMs === null || slowest?.actor === 'cni') return '';
  return `; network plugins took ${millisecondsText(networkMs)}`;
}
