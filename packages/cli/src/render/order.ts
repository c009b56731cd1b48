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
