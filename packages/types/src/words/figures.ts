import { visible } from './visible.ts';

/** What stands where a figure was not measured. It is never 0, and never looks like it. */
export const NOT_MEASURED = 'not measured';

const round = (value: number, digits: number): string => String(Number(value.toFixed(digits)));
const orNot = (value: number | null, show: (value: number) => string): string =>
  value === null ? NOT_MEASURED : show(value);

/** `85.5%`. */
export const showPercent = (value: number | null): string => orNot(value, (v) => `${round(v, 2)}%`);
/** `0.333 cores`. */
export const showCores = (value: number | null): string =>
  orNot(value, (v) => `${round(v, 3)} ${v === 1 ? 'core' : 'cores'}`);
/** `9.679 s`. */
export const showSeconds = (value: number | null): string => orNot(value, (v) => `${round(v, 3)} s`);
/** Run time withheld, in milliseconds per second of the clock: `120 ms/s`. */
export const showWithheld = (value: number | null): string => orNot(value, (v) => `${round(v, 1)} ms/s`);
export const showCount = (value: number | null): string => orNot(value, String);

/** Milliseconds to three figures or so: `0.25 ms`, `350 ms`, `2.5 s`. */
export const showMilliseconds = (value: number | null): string =>
  orNot(value, (v) => {
    if (v < 10) return `${round(v, 2)} ms`;
    return v < 1000 ? `${round(v, 0)} ms` : `${round(v / 1000, v < 10_000 ? 2 : 1)} s`;
  });

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** In a unit in which it is below 1024: `512 MiB`. */
export const showBytes = (value: number | null): string =>
  orNot(value, (bytes) => {
    const power = Math.min(BYTE_UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
    return `${round(bytes / 1024 ** power, power === 0 ? 0 : 1)} ${BYTE_UNITS[power] ?? 'B'}`;
  });

/** Text from outside, or the words for its absence. */
export const showText = (value: string | null, absent = 'not stated'): string =>
  value === null ? absent : visible(value);
