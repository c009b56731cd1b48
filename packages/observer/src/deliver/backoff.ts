const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** No server may silence a node for longer than this. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/**
 * How long to wait after so many failures in a row (from 1): doubling, with a random half, so that the nodes of a cluster
 * do not all come back to a restarted operator at once. `random` is 0..1.
 */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return ceiling / 2 + (ceiling / 2) * random;
}

/** A `Retry-After` header in milliseconds from now: whole seconds or an HTTP date (RFC 9110, 10.2.3); null if neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}
