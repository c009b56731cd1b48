import { createHash } from 'node:crypto';

const LONGEST_MS = 10_000;

/**
 * How much later than its window is due a script begins, in milliseconds: the same each time, another for each script and
 * cluster, so that neither a cluster's scripts nor the clusters of one Pixie cloud all ask at the full minute.
 */
export const phaseOf = (script: string, clusterId: string, intervalMs: number): number =>
  createHash('sha256').update(`${clusterId}/${script}`).digest().readUInt32BE() %
  Math.min(LONGEST_MS, Math.floor(intervalMs / 3));
