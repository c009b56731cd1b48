import { randomUUID } from 'node:crypto';
import type { Change, Kind } from 'kernel-gossip-types';
import type { ObjectIndex } from '../store/object-index.ts';
import { ownBuffer } from './own-buffer.ts';

/** A change with the id by which a reader says how far it got. */
export interface FeedEntry {
  readonly id: string;
  /** The change as a server-sent event, in the same memory for all readers, however slow they are. */
  readonly event: Buffer;
}

export interface FeedReader {
  readonly next: (entry: FeedEntry) => void;
  /** The feed is over; a reader may come back later. */
  readonly end: () => void;
}

/** How many changes are kept for readers that come back. */
const KEPT = 2048;

/** All changes of all kinds in one row, for any number of readers, some of which were away for a moment. */
export class ChangeFeed {
  /** Ids of another process mean nothing to this one. */
  readonly #process = randomUUID();
  readonly #kept: FeedEntry[] = [];
  readonly #readers = new Set<FeedReader>();
  readonly #stops: readonly (() => void)[];
  #sequence = 0;

  constructor(indexes: readonly ObjectIndex<Kind>[]) {
    this.#stops = indexes.map((index) => index.listen((change) => this.#append(change)));
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** The id of the newest change: of this process, and of a number. */
  get id(): string {
    return `${this.#process}.${this.#sequence}`;
  }

  /**
   * What came after the entry with this id, or null where that cannot be told any more: then everything must be
   * listed again.
   */
  since(id: string): readonly FeedEntry[] | null {
    const [process, sequence] = id.split('.');
    const missed = this.#sequence - Number(sequence);
    const isKnown = process === this.#process && missed >= 0 && missed <= this.#kept.length;
    return isKnown ? this.#kept.slice(this.#kept.length - missed) : null;
  }

  read(reader: FeedReader): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const { end } of this.#readers) end();
    this.#readers.clear();
  }

  #append(change: Change): void {
    this.#sequence += 1;
    const { id } = this;
    const entry = { id, event: ownBuffer(`event: change\nid: ${id}\ndata: ${JSON.stringify(change)}\n\n`) };
    this.#kept.push(entry);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const { next } of this.#readers) next(entry);
  }
}
