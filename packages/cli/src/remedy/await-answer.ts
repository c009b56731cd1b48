import { setTimeout as sleep } from 'node:timers/promises';
import { isKernelGossipError, type Remedy, type RemedyVerb } from 'kernel-gossip-types';
import type { RemedyAccess, WhisperRef } from '../target/remedy-access.ts';
import { outcomeOf, type Outcome } from './request.ts';

const POLL_MS = 500;

export interface Asked {
  readonly verb: RemedyVerb;
  readonly ref: WhisperRef;
  /** The remedy as it was when it was asked. */
  readonly remedy: Remedy;
}

/** The remedy as it is now; the one that was, where the API server is away for a moment. */
async function look(remedies: RemedyAccess, { ref, remedy }: Asked): Promise<Remedy | null> {
  try {
    return (await remedies.whisper(ref))?.status?.remedy ?? null;
  } catch (error) {
    if (isKernelGossipError(error, 'KG_STORE_UNAVAILABLE')) return remedy;
    throw error;
  }
}

/** Looks until the operator has answered, or for so long. */
export async function awaitAnswer(
  remedies: RemedyAccess,
  asked: Asked,
  withinMs: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const start = performance.now();
  for (;;) {
    const outcome = outcomeOf(asked.verb, asked.remedy, await look(remedies, asked));
    if (outcome !== null) return outcome;
    if (performance.now() - start >= withinMs || signal.aborted) return { type: 'unanswered' };
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
