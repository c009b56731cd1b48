import { backOffMs } from './back-off.ts';
import { createBell } from './bell.ts';
import { Refusal } from './operator.ts';

/** Reads until it succeeds or the signal aborts: an operator that is asked by many at once answers some of them later. */
export async function persist(read: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const { wait } = createBell();
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      await read();
      return;
    } catch (error) {
      const leastMs = error instanceof Refusal ? error.retryAfterMs : 0;
      await wait(leastMs + backOffMs(attempt, Math.random()), signal);
    }
  }
}
