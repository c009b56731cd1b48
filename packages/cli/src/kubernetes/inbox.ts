/** Turns what callbacks bring into something to iterate over: in order, nothing left out, until it is closed or fails. */
export class Inbox<T> {
  #waiting: T[] = [];
  #end: { readonly error: unknown } | 'closed' | null = null;
  #wake: () => void = () => undefined;

  put(item: T): void {
    if (this.#end !== null) return;
    this.#waiting.push(item);
    this.#wake();
  }

  /** What was put before is still handed out. */
  close(): void {
    this.#end ??= 'closed';
    this.#wake();
  }

  /** As `close`, but the iteration then throws. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const items = this.#waiting;
      this.#waiting = [];
      yield* items;
      if (this.#waiting.length > 0) continue;
      if (this.#end === 'closed') return;
      if (this.#end !== null) throw this.#end.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
