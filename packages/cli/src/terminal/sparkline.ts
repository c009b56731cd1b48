const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const GAP = ' ';

/** One sign for each value, from 0 to `most`. A value that was not measured is a gap; 0 is the lowest sign. */
export const sparkline = (values: readonly (number | null)[], most: number): string =>
  values.map((value) => (value === null ? GAP : (LEVELS[levelOf(value, most)] ?? GAP))).join('');

function levelOf(value: number, most: number): number {
  if (most <= 0) return 0;
  const level = Math.round((value / most) * (LEVELS.length - 1));
  return Math.min(LEVELS.length - 1, Math.max(0, level));
}
