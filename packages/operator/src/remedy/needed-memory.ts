import type { MemoryTruth } from 'kernel-gossip-types';
import { MEBIBYTE } from './amounts.ts';

/** What was killed wanted more than there was; how much more, no counter tells. So memory is raised in steps, as CPU is. */
const STEP_FACTOR = 1.5;

/**
 * The memory limit to try next, in whole mebibytes; null where no process was killed, since a limit that is merely near
 * may be a cache that fills what there is. Never below what was not enough, never without a bound.
 */
export function neededMemory(
  memory: MemoryTruth | null,
  currentBytes: number,
  mostBytes: number,
): number | null {
  if ((memory?.episode_oom_kills ?? memory?.oom_kills ?? 0) === 0) return null;
  const wanted = Math.ceil((currentBytes * STEP_FACTOR) / MEBIBYTE) * MEBIBYTE;
  const most = Math.floor(mostBytes / MEBIBYTE) * MEBIBYTE;
  const limit = Math.min(wanted, most);
  return limit > currentBytes ? limit : null;
}
