import {
  withCondition,
  type PodBirthCertificate,
  type PodBirthCertificateSpec,
  type PodBirthCertificateStatus,
  type SlowestPhase,
  type TimelineEntry,
} from 'kernel-gossip-types';
import { millisecondsText } from './words.ts';

/** What to make of a birth, from what stands on its certificate. */
export function assessBirth(certificate: PodBirthCertificate, nowMs: number): PodBirthCertificateStatus {
  const { spec, status, metadata } = certificate;
  const slowest = slowestPhase(spec);
  const complete = missingFigures(spec).length === 0;
  return {
    slowest_phase: slowest,
    verdict: verdict(spec, slowest),
    conditions: withCondition(
      status?.conditions ?? [],
      {
        type: 'Complete',
        status: complete ? 'True' : 'False',
        reason: complete ? 'EverythingMeasured' : 'NotEverythingMeasured',
        message: complete
          ? 'Every figure was measured.'
          : `Not measured: ${missingFigures(spec).join(', ')}.`,
        observedGeneration: metadata.generation,
      },
      new Date(nowMs).toISOString(),
    ),
    observed_generation: metadata.generation,
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

/**
 * The entry that took longest by its own account. Gaps between entries are not phases: two entries may come
 * from clocks that differ, so only a duration that one source measured counts.
 */
function slowestPhase({ timeline, kernel_stats }: PodBirthCertificateSpec): SlowestPhase | null {
  const timed = (timeline ?? []).flatMap((entry) => (hasDuration(entry) ? [entry] : []));
  const [first, ...rest] = timed;
  if (first === undefined) return null;
  const slowest = rest.reduce(
    (longest, entry) => (entry.duration_ms > longest.duration_ms ? entry : longest),
    first,
  );
  const total = kernel_stats.total_duration_ms;
  const share =
    total === null || total < slowest.duration_ms ? null : Math.round((slowest.duration_ms / total) * 100);
  return {
    actor: slowest.actor,
    action: slowest.action,
    duration_ms: slowest.duration_ms,
    share_percent: total === 0 ? null : share,
  };
}

const hasDuration = (entry: TimelineEntry): entry is TimelineEntry & { readonly duration_ms: number } =>
  entry.duration_ms !== null;

function verdict({ kernel_stats }: PodBirthCertificateSpec, slowest: SlowestPhase | null): string {
  const took =
    kernel_stats.total_duration_ms === null
      ? 'How long the birth took was not measured'
      : `Born in ${millisecondsText(kernel_stats.total_duration_ms)}`;
  const calls =
    kernel_stats.total_syscalls === null ? '' : ` with ${kernel_stats.total_syscalls} system calls`;
  if (slowest === null) return `${took}${calls}; the timeline does not tell where the time went`;
  const share = slowest.share_percent === null ? '' : ` (${slowest.share_percent}%)`;
  return `${took}${calls}; slowest: ${slowest.action} by ${slowest.actor}, ${millisecondsText(slowest.duration_ms)}${share}`;
}
