export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN;
/** Median, and in brackets the tenth and the ninetieth percentile. */
export const figures = (values: readonly number[], digits = 2): string =>
  `${quantile(values, 0.5).toFixed(digits)}  (${quantile(values, 0.1).toFixed(digits)} .. ${quantile(values, 0.9).toFixed(digits)})`;
