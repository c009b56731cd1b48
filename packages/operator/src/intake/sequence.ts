/**
 * Which observations of a sender were taken already, so that a batch whose answer was lost does no harm when it comes again.
 *
 * A sender numbers its observations from 0 in a stream of its own, and sends each again under its number until it is answered.
 * What is remembered of a stream is one number, and it lives in memory: after a restart of the operator, or in another
 * replica, an observation counts as new. Then taking it twice counts a repeat twice; findings merge, and are the same.
 */
export class SequenceLedger {
  readonly #mostStreams: number;
  /** By stream; the one used longest ago comes first. */
  readonly #streams = new Map<string, Entry>();

  /** Forgets the stream that was silent longest when there are more than `mostStreams`. */
  constructor(mostStreams = MOST_STREAMS) {
    this.#mostStreams = mostStreams;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** How many of the `count` observations from number `first` on were taken before: always the first ones. */
  judge(stream: string, first: number, count: number): { readonly skip: number } {
    const { next } = this.#streams.get(stream) ?? UNKNOWN;
    return { skip: Math.min(Math.max(next - first, 0), count) };
  }

  /**
   * Notes that everything before number `upTo` was taken or refused for good, and that the sender lost `dropped` before it
   * could number them, since its stream began. Answers how many of those are news.
   */
  taken(stream: string, upTo: number, dropped = 0): { readonly lost: number } {
    const { next, dropped: known } = this.#streams.get(stream) ?? UNKNOWN;
    this.#streams.delete(stream);
    this.#streams.set(stream, { next: Math.max(next, upTo), dropped: Math.max(known, dropped) });
    this.#forget();
    return { lost: Math.max(dropped - known, 0) };
  }

  #forget(): void {
    for (const stream of this.#streams.keys()) {
      if (this.#streams.size <= this.#mostStreams) return;
      this.#streams.delete(stream);
    }
  }
}

interface Entry {
  /** The number after the highest that was taken. */
  readonly next: number;
  readonly dropped: number;
}

const UNKNOWN: Entry = { next: 0, dropped: 0 };
/** One stream an observer and start: a large cluster's, a few times over. Some 1.5 MB. */
const MOST_STREAMS = 10_000;
