import type { KernelReading, MeasuredPair, Remedy } from 'kernel-gossip-types';

/** What was measured of the container and of the pod around it, in the same sweep. */
export interface Pair {
  readonly container: KernelReading;
  readonly pod: KernelReading;
}

/** The readings that came since the last look, of container and pod both; null where none did. */
export function newPair(measured: MeasuredPair | null, { after, measured_until }: Remedy): Pair | null {
  const { container, pod } = measured ?? { container: null, pod: null };
  if (container === null || pod === null || !isOneSweep(container, pod)) return null;
  const seen = after?.container?.measured_at ?? measured_until;
  // Another one, and not a later one: the node's clock may have been set back.
  return container.measured_at !== seen ? { container, pod } : null;
}

/** Readings of one sweep have the same time, but for the moments in which they were read. */
const SWEEP_MS = 2000;

/** Whether container and pod were read together: they are written one after the other. */
export const isOneSweep = (container: KernelReading, pod: KernelReading): boolean =>
  Math.abs(Date.parse(container.measured_at) - Date.parse(pod.measured_at)) <= SWEEP_MS;
