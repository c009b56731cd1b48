import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  readonly timeoutMs: number;
  readonly everyMs?: number;
}

/** Thrown while polling: asking again is in vain. */
export class Hopeless extends Error {}

/** Asks again until the answer is not undefined; the error names what was waited for and the last failure. */
export async function until<T>(
  what: string,
  options: PollOptions,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  let lastFailure: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      lastFailure = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${options.timeoutMs / 1000} s in vain for ${what}`, { cause: lastFailure });
    }
    await delay(options.everyMs ?? 100);
  }
}
