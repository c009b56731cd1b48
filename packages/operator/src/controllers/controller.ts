import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import type { Keys } from './keys.ts';
import type { Outcome, Reconcile } from './outcome.ts';
import { WorkQueue } from './work-queue.ts';

/** Told of every reconcile; the results are controller-runtime's. */
export interface ControllerObserver {
  reconciled(controller: string, result: 'success' | 'requeue_after' | 'error', seconds: number): void;
  /** A reconcile failed in a way that only a person can mend. */
  stalled(controller: string, key: string, message: string): void;
  failed(controller: string, key: string, message: string): void;
}

export interface ControllerOptions {
  readonly name: string;
  readonly keys: Keys;
  readonly reconcile: Reconcile;
  readonly workers: number;
  readonly observer: ControllerObserver;
}

/** Works through the keys of what changed. */
export class Controller {
  readonly #options: ControllerOptions;
  /** Each run has its own: a replica may lead, lose the lease, and lead again. */
  #queue = new WorkQueue();

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get depth(): number {
    return this.#queue.depth;
  }

  /** Runs until the signal aborts and the work under way is done. */
  async run(signal: AbortSignal): Promise<void> {
    const { keys, workers } = this.#options;
    this.#queue = new WorkQueue();
    const stopListening = keys.listen((key) => {
      this.#queue.add(key);
    });
    for (const key of keys.all()) this.#queue.add(key);
    const close = (): void => {
      stopListening();
      this.#queue.close();
    };
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    await Promise.all(Array.from({ length: workers }, () => this.#work(signal)));
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.take(); key !== null; key = await this.#queue.take()) {
      await this.#reconcileOne(key, signal);
      this.#queue.done(key);
    }
  }

  async #reconcileOne(key: string, signal: AbortSignal): Promise<void> {
    const { name, observer, reconcile } = this.#options;
    const start = performance.now();
    const elapsed = (): number => (performance.now() - start) / 1000;
    try {
      const outcome = await reconcile(key, signal);
      observer.reconciled(name, outcome.kind === 'done' ? 'success' : 'requeue_after', elapsed());
      this.#settle(key, outcome);
    } catch (error) {
      observer.reconciled(name, 'error', elapsed());
      this.#fail(key, error);
    }
  }

  #settle(key: string, outcome: Outcome): void {
    this.#queue.forget(key);
    if (outcome.kind === 'again') this.#queue.addAfter(key, outcome.afterMs);
  }

  /** The one place that turns an error into retry, wait or stop. */
  #fail(key: string, error: unknown): void {
    const { name, observer } = this.#options;
    if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) {
      this.#queue.forget(key);
    } else if (isKernelGossipError(error, 'KG_STORE_INVALID')) {
      observer.stalled(name, key, error.message);
      this.#queue.forget(key);
    } else {
      // A conflict is ordinary: someone else wrote in between, and the next look starts from what they wrote.
      if (!isKernelGossipError(error, 'KG_STORE_CONFLICT')) observer.failed(name, key, messageOf(error));
      this.#queue.addAfterFailure(key);
    }
  }
}
