import { isKernelGossipError, type KernelWhisper } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import type { WhisperCaps } from './whisper-caps.ts';

/** A count as it stands on a whisper, and since when we see it. */
interface Standing {
  readonly count: number;
  readonly sinceMs: number;
}

/** What changes faster than this is written once. */
const WRITE_EVERY_MS = 20_000;

/**
 * Writes `status.withheld`: how many like whispers have no object of their own.
 *
 * Each replica knows of those that it was told of. So a replica raises a count, and lowers what it wrote itself. What
 * it did not write, another replica or its own predecessor did: that it lowers only when it stood for as long as
 * after which everything that is still withheld must have been heard of again. So the count is never too high for
 * long, and with several replicas it may be too low.
 */
export class WithheldReport {
  readonly #store: Store;
  readonly #index: ObjectIndex<'KernelWhisper'>;
  readonly #caps: WhisperCaps;
  readonly #quietAfterMs: number;
  #standing = new Map<string, Standing>();
  /** What was written from here last. */
  readonly #written = new Map<string, number>();
  #writtenMs = -Infinity;

  constructor(
    store: Store,
    index: ObjectIndex<'KernelWhisper'>,
    caps: WhisperCaps,
    { quietAfterMs }: { readonly quietAfterMs: number },
  ) {
    this.#store = store;
    this.#index = index;
    this.#caps = caps;
    this.#quietAfterMs = quietAfterMs;
  }

  /** Writes the counts that changed. Throws the first failure; the next call tries again. */
  async flush(nowMs: number): Promise<void> {
    if (nowMs - this.#writtenMs < WRITE_EVERY_MS) return;
    this.#writtenMs = nowMs;
    this.#caps.forgetQuiet(nowMs);
    const concerned = this.#concerned();
    this.#look(concerned, nowMs);
    const results = await Promise.allSettled(concerned.map((whisper) => this.#report(whisper, nowMs)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Whispers that have a count, or are to have one. */
  #concerned(): readonly KernelWhisper[] {
    const counted = this.#index.values().filter((whisper) => countOn(whisper) > 0);
    return [...new Set([...counted, ...this.#caps.spokesmen()])];
  }

  #look(concerned: readonly KernelWhisper[], nowMs: number): void {
    this.#standing = new Map(
      concerned.map((whisper) => {
        const key = refKey(whisper.metadata);
        const count = countOn(whisper);
        const before = this.#standing.get(key);
        return [key, before?.count === count ? before : { count, sinceMs: nowMs }];
      }),
    );
    for (const key of this.#written.keys()) if (!this.#standing.has(key)) this.#written.delete(key);
  }

  async #report(whisper: KernelWhisper, nowMs: number): Promise<void> {
    const key = refKey(whisper.metadata);
    const standing = this.#standing.get(key);
    const count = this.#caps.withheldBehind(whisper);
    if (standing === undefined || count === standing.count) return;
    const mayLower =
      this.#written.get(key) === standing.count ||
      nowMs - standing.sinceMs >= this.#quietAfterMs ||
      !this.#caps.speaksFor(whisper);
    if (count < standing.count && !mayLower) return;
    try {
      await this.#store.applyStatus('KernelWhisper', whisper.metadata, {
        manager: 'kernel-gossip-grouper',
        fields: { withheld: count === 0 ? null : count },
      });
      this.#written.set(key, count);
    } catch (error) {
      if (!isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) throw error;
    }
  }
}

const countOn = ({ status }: KernelWhisper): number => status?.withheld ?? 0;
