import type { Change, Kind, Resources } from 'kernel-gossip-types';
import type { StoreObserver } from '../decode-resource.ts';
import type { Follower } from '../port.ts';

/** One change of one kind, kept together so that a follower of that kind can take it. */
export interface KindChange<K extends Kind = Kind> {
  readonly kind: K;
  readonly change: Change<Resources[K]>;
}

interface Following {
  readonly kind: Kind;
  readonly deliver: (change: KindChange) => void;
  readonly end: () => void;
}

/** Those who follow a store in its own process. */
export class Followers {
  readonly #observer: StoreObserver;
  readonly #following = new Set<Following>();

  constructor(observer: StoreObserver) {
    this.#observer = observer;
  }

  /** Tells the follower what there is, in this turn of the event loop, then what changes. */
  add<K extends Kind>(
    kind: K,
    follower: Follower<K>,
    objects: readonly Resources[K][],
    signal: AbortSignal,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const end = (): void => {
      this.#following.delete(following);
      signal.removeEventListener('abort', end);
      resolve(undefined);
    };
    const following: Following = {
      kind,
      deliver: ({ change }) => {
        if (signal.aborted) return;
        // A follower hears only of the kind that it was added for (see `publish`).
        this.#guard(kind, () => follower.change(change as Change<Resources[K]>));
      },
      end,
    };
    this.#following.add(following);
    signal.addEventListener('abort', end);
    this.#guard(kind, () => follower.replace(objects));
    if (signal.aborted) end();
    return promise;
  }

  /** Tells everyone who is following now, in order. Who begins to follow meanwhile was told the outcome already. */
  publish(changes: readonly KindChange[]): void {
    const following = [...this.#following];
    for (const change of changes) {
      for (const one of following) if (one.kind === change.kind) one.deliver(change);
    }
  }

  endAll(): void {
    for (const { end } of [...this.#following]) end();
  }

  #guard(kind: Kind, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#observer.followerFailed?.(kind, error);
    }
  }
}
