/** Six digits are finer than the kernel's clock ticks; more would only make longer texts. */
export const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
