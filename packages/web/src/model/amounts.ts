/** What stands where a figure was not measured. It is never 0, and never looks like it. */
export const NOT_MEASURED = 'not measured';

const round = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

export const percentText = (value: number): string => `${round(value, 2)}%`;
export const coresText = (value: number): string => `${round(value, 3)} ${value === 1 ? 'core' : 'cores'}`;
export const secondsText = (value: number): string => `${round(value, 3)} s`;
/** Run time withheld, in milliseconds per second of the clock: `120 ms/s`. */
export const withheldText = (value: number): string => `${round(value, 1)} ms/s`;

/** Milliseconds to three figures or so: `0.25 ms`, `350 ms`, `2.5 s`. */
export function millisecondsText(value: number): string {
  if (value < 10) return `${round(value, 2)} ms`;
  return value < 1000 ? `${round(value, 0)} ms` : `${round(value / 1000, value < 10_000 ? 2 : 1)} s`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export function bytesText(bytes: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${round(bytes / 1024 ** power, power === 0 ? 0 : 1)} ${BYTE_UNITS[power] ?? 'B'}`;
}
