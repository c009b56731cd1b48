/**
 * What is known of the killings in a pod. Version 2 counts a kill in the group of the process and in all groups above, so
 * that the pod's count less its containers' is what nobody told: a container that was removed right after.
 */
export interface KillLedger {
  /** The pod's own count, as far as all of it is told or was there before. Null before the first reading. */
  readonly settled: number | null;
  /** What was missing at the last reading. A container may be read just before, and the pod just after a kill. */
  readonly missing: number;
}

export const EMPTY_LEDGER: KillLedger = { settled: null, missing: 0 };

/**
 * Takes in the pod's count and how many of its containers' kills were told since the reading before. Answers how many are to
 * be told of the pod: those that were missing at two readings in a row. Pure.
 */
export function settle(
  { settled, missing: before }: KillLedger,
  podCount: number,
  toldOfContainers: number,
): { readonly ledger: KillLedger; readonly kills: number } {
  if (settled === null) return { ledger: { settled: podCount, missing: 0 }, kills: 0 };
  const missing = podCount - settled - toldOfContainers;
  const kills = Math.max(0, Math.min(before - toldOfContainers, missing));
  // Fewer than was told: kills of before the first reading of the pod.
  const isOverTold = missing < 0;
  return {
    ledger: {
      settled: isOverTold ? podCount : settled + toldOfContainers + kills,
      missing: isOverTold ? 0 : missing - kills,
    },
    kills,
  };
}
