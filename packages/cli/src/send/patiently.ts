import { setTimeout as sleep } from 'node:timers/promises';
import type { SendAnswer } from '../target/target.ts';

/** An answer, and how often the intake was full before it. */
export interface PatientAnswer {
  readonly answer: SendAnswer;
  readonly waits: number;
}

/** Sends until the intake is not full any more, waiting as it asks; null where the signal aborts before. */
export async function sendPatiently(
  send: () => Promise<SendAnswer>,
  signal: AbortSignal,
): Promise<PatientAnswer | null> {
  for (let waits = 0; !signal.aborted; waits += 1) {
    const answer = await send();
    if (answer.retryAfterMs === null) return { answer, waits };
    await sleep(answer.retryAfterMs, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
