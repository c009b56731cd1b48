export interface DeletionRate {
  readonly perSecond: number;
  /** So many may go at once after a pause. */
  readonly burst: number;
}

/** Whatever expires at the same time must not crowd out what is written meanwhile. */
export const DELETION_RATE: DeletionRate = { perSecond: 10, burst: 50 };

/**
 * A budget of deletions, by a clock that never goes back. Each call asks for one: 0 means go ahead; otherwise it is how long to wait before asking
 * again, in milliseconds, and whoever asks later is told to wait longer, so that they do not all come back at once.
 */
export function deletionBudget({ perSecond, burst }: DeletionRate, now: () => number): () => number {
  let available = burst;
  let filledMs = now();
  let lineEndsMs = 0;
  return () => {
    const nowMs = now();
    available = Math.min(burst, available + ((nowMs - filledMs) / 1000) * perSecond);
    filledMs = nowMs;
    if (available >= 1) {
      available -= 1;
      return 0;
    }
    lineEndsMs = Math.max(nowMs, lineEndsMs) + 1000 / perSecond;
    return lineEndsMs - nowMs;
  };
}
