const FIRST_MS = 5000;
const LONGEST_MS = 60_000;

/** How long to wait after so many failures in a row, in milliseconds: longer each time, and never the same for all. */
export const pauseAfter = (failures: number, random: () => number = Math.random): number =>
  Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS) * (0.5 + random() / 2);
