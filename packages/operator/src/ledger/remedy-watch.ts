import type { KernelWhisper, RemedyPhase } from 'kernel-gossip-types';

const WATCHED: ReadonlySet<RemedyPhase> = new Set(['Waiting', 'Applying', 'Measuring', 'TakingBack']);

/**
 * Whether a remedy needs to know what the kernel counts about its container now, whether it is throttled or not. A
 * `Waiting` one is watched only while it is about to begin, for what stood before the change.
 */
export const needsMeasuring = ({ status, metadata }: KernelWhisper): boolean => {
  const remedy = status?.remedy ?? null;
  if (remedy === null || metadata.deletionTimestamp !== null || !WATCHED.has(remedy.phase)) return false;
  return remedy.phase !== 'Waiting' || remedy.reason === 'MeasuringBefore';
};
