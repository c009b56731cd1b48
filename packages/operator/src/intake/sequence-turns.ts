/**
 * Lets requests of the same stream go one after the other. A sender that waited too long for an answer sends its batch again
 * while we are still at work with the first; only when that is done, it is known what was taken.
 */
export class SequenceTurns {
  /** The last in line of each stream that has any; so never more than there are requests in work. */
  readonly #last = new Map<string, Promise<void>>();

  get size(): number {
    return this.#last.size;
  }

  async inTurn<A>(stream: string, work: () => Promise<A>): Promise<A> {
    const before = this.#last.get(stream) ?? Promise.resolve();
    const result = before.then(work);
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(stream, done);
    try {
      return await result;
    } finally {
      if (this.#last.get(stream) === done) this.#last.delete(stream);
    }
  }
}
