import type { KernelWhisper, Remedy } from 'kernel-gossip-types';

/** Processes that were killed for want of memory since the limit was changed: an episode that began later counts anew. */
export function newKills({ spec }: KernelWhisper, { applied_at, oom_kills_before }: Remedy): number {
  const kills = spec.memory?.episode_oom_kills ?? 0;
  const isLater = applied_at !== null && Date.parse(spec.detected_at) > Date.parse(applied_at);
  return isLater ? kills : Math.max(0, kills - (oom_kills_before ?? 0));
}
