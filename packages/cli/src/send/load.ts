import { setTimeout as sleep } from 'node:timers/promises';
import type { Observation, Rejection } from 'kernel-gossip-types';
import type { SendAnswer } from '../target/target.ts';

export interface LoadOptions {
  readonly count: number;
  /** Observations per second; null: as fast as they are taken. */
  readonly rate: number | null;
  readonly signal: AbortSignal;
}

export interface LoadResult {
  readonly sent: number;
  readonly accepted: number;
  readonly rejectedCount: number;
  /** The first few rejections; thousands alike help nobody. */
  readonly rejections: readonly Rejection[];
  readonly error: string | null;
  /** How often the intake was full and asked us to wait. */
  readonly waits: number;
  readonly elapsedMs: number;
}

const LARGEST_BATCH = 500;
const BATCHES_PER_SECOND = 10;
const KEPT_REJECTIONS = 5;

/** A tenth of a second's worth, so that the rate is even; the largest batch where no rate is asked for. */
export const batchSize = ({ rate, count }: Pick<LoadOptions, 'rate' | 'count'>): number =>
  Math.min(
    count,
    LARGEST_BATCH,
    Math.max(1, rate === null ? LARGEST_BATCH : Math.floor(rate / BATCHES_PER_SECOND)),
  );

interface Tally {
  accepted: number;
  rejectedCount: number;
  rejections: readonly Rejection[];
  error: string | null;
  waits: number;
}

function add(tally: Tally, answer: SendAnswer, from: number): void {
  tally.accepted += answer.accepted;
  tally.rejectedCount += answer.rejected.length;
  tally.error ??= answer.error;
  const room = KEPT_REJECTIONS - tally.rejections.length;
  tally.rejections = [
    ...tally.rejections,
    ...answer.rejected.slice(0, room).map((rejection) => ({ ...rejection, index: rejection.index + from })),
  ];
}

/** Sends `count` observations in batches; a batch that finds the intake full waits as asked and is sent again. */
export async function sendLoad(
  make: (index: number) => Observation,
  send: (observations: readonly Observation[]) => Promise<SendAnswer>,
  options: LoadOptions,
): Promise<LoadResult> {
  const { count, rate, signal } = options;
  const tally: Tally = { accepted: 0, rejectedCount: 0, rejections: [], error: null, waits: 0 };
  const size = batchSize(options);
  const start = performance.now();
  let sent = 0;
  while (sent < count && !signal.aborted) {
    const due = rate === null ? 0 : start + (sent / rate) * 1000 - performance.now();
    if (due > 0) await sleep(due, undefined, { signal }).catch(() => undefined);
    const batch = Array.from({ length: Math.min(size, count - sent) }, (_, index) => make(sent + index));
    const answer = await send(batch);
    if (answer.retryAfterMs !== null) {
      tally.waits += 1;
      await sleep(answer.retryAfterMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    add(tally, answer, sent);
    sent += batch.length;
  }
  return { ...tally, sent, elapsedMs: performance.now() - start };
}
