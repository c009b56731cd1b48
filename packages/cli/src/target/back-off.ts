import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** How long to wait before the nth attempt in a row (from 0): doubling, with jitter so that clients do not return together. */
export const backOffMs = (attempt: number, random: () => number = Math.random): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2);

const LONGEST_ASKED_MS = 60_000;

/** How long `Retry-After` asks to wait: at most a minute, and a second where it says no number. */
export function retryAfterMs(header: string): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds * 1000, 0), LONGEST_ASKED_MS) : 1000;
}

/** Waits, or returns at once when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
