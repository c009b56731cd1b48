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

/**
 * What waits to be sent, in order, never more than `limit`. When it is full the oldest summary gives way, since a later one
 * says the same more freshly; only when there is none, the oldest of all.
 */
export class BoundedQueue<A extends { readonly isSummary: boolean }> {
  readonly #limit: number;
  readonly #summaries = new Fifo<Ticketed<A>>();
  readonly #others = new Fifo<Ticketed<A>>();
  #nextTicket = 0;
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#summaries.size + this.#others.size;
  }
  /** How many had to give way since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: A): void {
    this.#lane(item).push({ ticket: this.#nextTicket, item });
    this.#nextTicket += 1;
    this.#shed();
  }

  /** Takes up to `count` out, oldest first. */
  take(count: number): readonly Ticketed<A>[] {
    const taken: Ticketed<A>[] = [];
    while (taken.length < count) {
      const next = this.#older().shift();
      if (next === undefined) break;
      taken.push(next);
    }
    return taken;
  }

  /** Puts back, in front, what was taken and could not be sent. */
  putBack(taken: readonly Ticketed<A>[]): void {
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

  #shed(): void {
    while (this.size > this.#limit) {
      if (this.#summaries.shift() === undefined) this.#others.shift();
      this.#dropped += 1;
    }
  }
}
