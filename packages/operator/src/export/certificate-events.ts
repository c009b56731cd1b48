import type { PodBirthCertificate } from 'kernel-gossip-types';
import { flattened, msOf, type EventAttributes, type FindingEvent } from './event.ts';

/** What happened to a birth certificate between two looks at it. It goes with its pod, which is no event. */
export function certificateEvents(
  before: PodBirthCertificate | null,
  after: PodBirthCertificate | null,
): readonly FindingEvent[] {
  const [was, is] = [verdictOf(before), verdictOf(after)];
  if (after === null || is === null || is === was) return [];
  return [
    {
      // The kernel's part and Kubernetes' own come one after the other.
      name: was === null ? 'kernel_gossip.birth.certified' : 'kernel_gossip.birth.revised',
      severity: 'info',
      atMs: msOf(after.spec.recorded_at),
      body: is,
      attributes: attributesOf(after),
    },
  ];
}

const verdictOf = (certificate: PodBirthCertificate | null): string | null =>
  certificate?.status?.verdict ?? null;

const attributesOf = ({ metadata, spec, status }: PodBirthCertificate): EventAttributes => ({
  'k8s.namespace.name': spec.namespace,
  'k8s.pod.name': spec.pod_name,
  'k8s.pod.uid': spec.pod_uid,
  'k8s.node.name': spec.source?.node_name ?? null,
  'kernel_gossip.certificate.name': metadata.name,
  'kernel_gossip.provenance': spec.provenance,
  'kernel_gossip.source': spec.source?.name ?? null,
  'kernel_gossip.birth.began_at': spec.began_at,
  'kernel_gossip.birth.incomplete': spec.incomplete,
  ...flattened('kernel_gossip.birth', spec.kernel_stats),
  ...flattened('kernel_gossip.birth.slowest_phase', status?.slowest_phase ?? null),
});
