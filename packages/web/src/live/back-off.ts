const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** How long to wait before the next attempt, in milliseconds; `random` in [0, 1) keeps many pages from coming at once. */
export const backOffMs = (attempt: number, random: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.5 + random / 2);
