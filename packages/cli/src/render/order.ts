import { SEVERITIES, type KernelWhisper } from 'kernel-gossip-types';

const rank = ({ spec }: KernelWhisper): number => SEVERITIES.indexOf(spec.severity);
const isOpen = ({ status }: KernelWhisper): number => (status?.phase === 'Resolved' ? 0 : 1);
const moment = ({ spec, status }: KernelWhisper): number => Date.parse(status?.last_seen ?? spec.detected_at);

/** Worst first; among equals what is still open, then the newest; at last by name, so that the order is always the same. */
export const byUrgency = (a: KernelWhisper, b: KernelWhisper): number =>
  rank(b) - rank(a) ||
  isOpen(b) - isOpen(a) ||
  moment(b) - moment(a) ||
  (a.metadata.name < b.metadata.name ? -1 : 1);

/** Whispers of one workload and kind go together, as one cause makes them; one of a pod that stands alone goes by itself. */
const groupOf = ({ spec, metadata }: KernelWhisper): string =>
  spec.workload === null
    ? metadata.name
    : [spec.namespace, spec.workload.kind, spec.workload.name, spec.kind].join('/');

/** By urgency, but behind each whisper at once the others of its workload and kind. */
export function byWorkload(whispers: readonly KernelWhisper[]): readonly KernelWhisper[] {
  const groups = Map.groupBy([...whispers].sort(byUrgency), groupOf);
  return [...groups.values()].flat();
}
