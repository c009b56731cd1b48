const SOONEST_MS = 250;
const FIRST_MS = 5_000;
const LONGEST_MS = 30_000;

/**
 * How long to wait before the next attempt, in milliseconds: anywhere up to a bound that grows. All pages lose an operator
 * that restarts at the same moment, and each reads everything when it is back; together they would hold it up. `random` is
 * in [0, 1).
 */
export const backOffMs = (attempt: number, random: number): number =>
  SOONEST_MS + (Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) - SOONEST_MS) * random;
