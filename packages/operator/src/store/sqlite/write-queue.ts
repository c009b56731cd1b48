/** One write that waits for its commit. */
interface Waiting {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a queue needs of the database. */
export interface Transactions {
  readonly begin: () => void;
  /** Makes what was written since `begin` last. */
  readonly commit: () => void;
  readonly rollback: () => void;
  /** Called after each commit, before the promises of its writes resolve. */
  readonly committed: () => void;
  /** Whether an error concerns one write only; any other fails its whole transaction. */
  readonly isOwnFault: (error: unknown) => boolean;
}

/** So that a burst does not hold up the event loop for long: about 20 ms of work. */
const MOST_WRITES = 512;

/** Writes of one turn of the event loop, committed together: a sync of the disk is paid once for all of them. */
export class WriteQueue {
  readonly #transactions: Transactions;
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  /** Resolves with what `run` returned once that is committed; rejects when `run` throws or the commit fails. */
  write<A>(run: () => A): Promise<A> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ run, resolve, reject });
    this.#schedule();
    return promise as Promise<A>;
  }

  /** Commits everything that waits, now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commitSome();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commitSome();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commitSome(): void {
    const batch = this.#waiting.slice(0, MOST_WRITES);
    this.#waiting = this.#waiting.slice(MOST_WRITES);
    if (batch.length === 0) return;
    const settle = this.#transact(batch);
    for (const done of settle) done();
  }

  #transact(batch: readonly Waiting[]): readonly (() => void)[] {
    const { begin, commit, rollback, committed } = this.#transactions;
    try {
      begin();
      const settle = batch.map((waiting) => this.#run(waiting));
      commit();
      committed();
      return settle;
    } catch (error) {
      rollback();
      return batch.map(
        ({ reject }) =>
          () =>
            reject(error),
      );
    }
  }

  #run({ run, resolve, reject }: Waiting): () => void {
    try {
      const value = run();
      return () => resolve(value);
    } catch (error) {
      if (!this.#transactions.isOwnFault(error)) throw error;
      return () => reject(error);
    }
  }
}
