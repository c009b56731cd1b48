/** Spread of repeated measurements: what one run on this machine can and cannot tell. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
};

/** `1.23 (1.10..1.40)` */
export const spreadText = ({ median, min, max }: Spread, digits = 2): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}..${max.toFixed(digits)})`;

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** One measure with what was asked of it. */
export const verdict = (what: string, measured: string, wanted: string, holds: boolean): void => {
  say(`${holds ? 'holds ' : 'FAILS '} ${what}: ${measured}; wanted ${wanted}`);
  if (!holds) process.exitCode = 1;
};
