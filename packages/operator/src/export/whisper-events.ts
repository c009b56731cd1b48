import type { KernelWhisper, Remedy, RemedyPhase } from 'kernel-gossip-types';
import { flattened, msOf, workloadAttributes, type EventAttributes, type FindingEvent } from './event.ts';

/** What happened to a whisper between two looks at it; null is one that is not there. */
export function whisperEvents(
  before: KernelWhisper | null,
  after: KernelWhisper | null,
): readonly FindingEvent[] {
  if (after === null) return before === null ? [] : removed(before);
  const ownEvent = episodeEvent(before, after);
  const remedy = after.status?.remedy ?? null;
  const isNewPhase = remedy !== null && remedy.phase !== before?.status?.remedy?.phase;
  return [...(ownEvent === null ? [] : [ownEvent]), ...(isNewPhase ? [remedyEvent(after, remedy)] : [])];
}

/** One that was resolved is deleted after a while, which nobody has to know. */
const removed = (whisper: KernelWhisper): readonly FindingEvent[] =>
  whisper.status?.phase === 'Resolved'
    ? []
    : [
        {
          name: 'kernel_gossip.whisper.removed',
          severity: 'info',
          atMs: null,
          body: 'The finding is gone, with its pod or by hand, while it was open',
          attributes: attributesOf(whisper),
        },
      ];

function episodeEvent(before: KernelWhisper | null, after: KernelWhisper): FindingEvent | null {
  const { spec, status } = after;
  const was = before?.status?.phase ?? null;
  const told = { body: status?.insight ?? '', attributes: attributesOf(after) };
  if (status?.phase === 'Resolved') {
    if (was === 'Resolved') return null;
    return { name: 'kernel_gossip.whisper.resolved', severity: 'info', atMs: msOf(spec.ended_at), ...told };
  }
  const { severity } = spec;
  if (was !== 'Open') {
    return { name: 'kernel_gossip.whisper.opened', severity, atMs: msOf(spec.detected_at), ...told };
  }
  if (isToldAsBad(before, after)) return null;
  return { name: 'kernel_gossip.whisper.changed', severity, atMs: msOf(spec.measured_at), ...told };
}

/** The priority follows the severity, and is written with the words: a spec may be ahead of what was told of it. */
const isToldAsBad = (before: KernelWhisper | null, after: KernelWhisper): boolean =>
  before?.status?.priority === after.status?.priority;

/** Phases that somebody may have to look after. */
const TROUBLED: readonly RemedyPhase[] = ['TakingBack', 'TakenBack', 'SteppedBack', 'LeftAlone'];

const remedyEvent = (whisper: KernelWhisper, remedy: Remedy): FindingEvent => ({
  name: 'kernel_gossip.remedy.changed',
  severity: TROUBLED.includes(remedy.phase) ? 'warning' : 'info',
  atMs: null,
  body: remedy.message,
  attributes: {
    ...subjectOf(whisper),
    'kernel_gossip.remedy.phase': remedy.phase,
    'kernel_gossip.remedy.reason': remedy.reason,
    'kernel_gossip.remedy.mode': remedy.mode,
    'kernel_gossip.remedy.decided_by': remedy.decided_by,
    'kernel_gossip.remedy.patch': remedy.patch,
    'kernel_gossip.remedy.improvement_percent': remedy.improvement_percent,
    ...flattened('kernel_gossip.remedy.from', remedy.from),
    ...flattened('kernel_gossip.remedy.to', remedy.to),
  },
});

/** Whom it is about. The names are OpenTelemetry's where there are any. */
const subjectOf = ({ metadata, spec }: KernelWhisper): EventAttributes => ({
  'k8s.namespace.name': spec.namespace,
  'k8s.pod.name': spec.pod_name,
  'k8s.pod.uid': spec.pod_uid,
  'k8s.container.name': spec.container_name,
  'k8s.node.name': spec.source?.node_name ?? null,
  'container.id': spec.container_id,
  ...workloadAttributes(spec.workload),
  'kernel_gossip.whisper.name': metadata.name,
  'kernel_gossip.whisper.kind': spec.kind,
  'kernel_gossip.whisper.severity': spec.severity,
  'kernel_gossip.provenance': spec.provenance,
});

/** All figures with their source, their window and when it ended. */
const attributesOf = (whisper: KernelWhisper): EventAttributes => {
  const { spec, status } = whisper;
  return {
    ...subjectOf(whisper),
    'kernel_gossip.source': spec.source?.name ?? null,
    'kernel_gossip.measured_at': spec.measured_at,
    'kernel_gossip.detected_at': spec.detected_at,
    'kernel_gossip.ended_at': spec.ended_at,
    'kernel_gossip.recommendation': status?.recommendation ?? null,
    'kernel_gossip.kernel_evidence': status?.kernel_evidence ?? null,
    'kernel_gossip.cause': status?.cause?.kind ?? null,
    'kernel_gossip.cpu.throttled_percent': spec.throttled_percent,
    ...flattened('kernel_gossip.cpu', spec.kernel_truth),
    ...flattened('kernel_gossip.memory', spec.memory),
    ...flattened('kernel_gossip.network', spec.network),
  };
};
