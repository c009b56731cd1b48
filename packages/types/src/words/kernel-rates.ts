import type { KernelReading } from '../resource/index.ts';

/** Run time withheld, in milliseconds per second of the window. */
export const withheldRate = ({
  throttled_seconds: throttled,
  window_seconds: window,
}: Pick<KernelReading, 'throttled_seconds' | 'window_seconds'>): number | null =>
  throttled === null || window <= 0 ? null : (throttled / window) * 1000;

/** Share of the periods that was throttled, in percent. */
export const throttledShare = ({
  nr_throttled: part,
  nr_periods: whole,
}: Pick<KernelReading, 'nr_throttled' | 'nr_periods'>): number | null =>
  part === null || whole === null || whole === 0 ? null : (part / whole) * 100;
