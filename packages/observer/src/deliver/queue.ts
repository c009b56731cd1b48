import type { Portion } from './waiting.ts';

/** First in, first out; O(1) at both ends on average, without moving what stays. */
class Fifo<A> {
  #items: A[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }
  peek(): A | undefined {
    return this.#items[this.#head];
  }
  push(item: A): void {
    this.#items.push(item);
  }
  shift(): A | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
  putBack(items: readonly A[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }
}

interface Ticketed<A> {
  readonly ticket: number;
  readonly item: A;
}

interface Weighed {
  readonly bytes: number;
  readonly isSummary: boolean;
}

/**
 * What waits to be sent, in order, never more than `limit.count`, nor `limit.bytes` together. When it is full the oldest
 * summary gives way, since a later one says the same more freshly; only when there is none, the oldest of all.
 */
export class BoundedQueue<A extends Weighed> {
  readonly #limit: Portion;
  readonly #summaries = new Fifo<Ticketed<A>>();
  readonly #others = new Fifo<Ticketed<A>>();
  #nextTicket = 0;
  #dropped = 0;
  #bytes = 0;

  constructor(limit: Portion) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#summaries.size + this.#others.size;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** How many had to give way since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: A): void {
    this.#lane(item).push({ ticket: this.#nextTicket, item });
    this.#bytes += item.bytes;
    this.#nextTicket += 1;
    this.#shed();
  }

  /** Takes up to `count` out, oldest first. */
  take(count: number): readonly Ticketed<A>[] {
    const taken: Ticketed<A>[] = [];
    while (taken.length < count) {
      const next = this.#shift(this.#older());
      if (next === undefined) break;
      taken.push(next);
    }
    return taken;
  }

  /** Puts back, in front, what was taken and could not be sent. */
  putBack(taken: readonly Ticketed<A>[]): void {
    for (const { item } of taken) this.#bytes += item.bytes;
    this.#summaries.putBack(taken.filter(({ item }) => item.isSummary));
    this.#others.putBack(taken.filter(({ item }) => !item.isSummary));
    this.#shed();
  }

  #lane(item: A): Fifo<Ticketed<A>> {
    return item.isSummary ? this.#summaries : this.#others;
  }

  #older(): Fifo<Ticketed<A>> {
    const summary = this.#summaries.peek()?.ticket ?? Infinity;
    const other = this.#others.peek()?.ticket ?? Infinity;
    return summary < other ? this.#summaries : this.#others;
  }

  #shift(lane: Fifo<Ticketed<A>>): Ticketed<A> | undefined {
    const next = lane.shift();
    this.#bytes -= next?.item.bytes ?? 0;
    return next;
  }

  #shed(): void {
    while (this.size > this.#limit.count || this.#bytes > this.#limit.bytes) {
      if (this.#shift(this.#summaries) === undefined) this.#shift(this.#others);
      this.#dropped += 1;
    }
  }
}
