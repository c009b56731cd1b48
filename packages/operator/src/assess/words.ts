/** Numbers as people read them. Pure, and the same everywhere a finding is put into words. */

/** A share with at most one decimal: `85.5%`, `2%`. */
export const percentText = (percent: number): string => `${Math.round(percent * 10) / 10}%`;

/** CPU as Kubernetes writes it: whole cores as they are, parts in millicores: `2`, `350m`. */
export function coresText(cores: number): string {
  const milli = Math.round(cores * 1000);
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** A length of time in seconds with at most two decimals: `12.35 s`. */
export const secondsText = (seconds: number): string => `${Math.round(seconds * 100) / 100} s`;

/** A length of time, in seconds from one second on, else in milliseconds. */
export const millisecondsText = (ms: number): string =>
  ms >= 1000 ? secondsText(ms / 1000) : `${Math.round(ms * 10) / 10} ms`;
