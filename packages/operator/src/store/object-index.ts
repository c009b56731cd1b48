import type { Change, Kind, Resources } from 'kernel-gossip-types';
import type { Follower, ObjectRef, Store } from './port.ts';

export const refKey = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;

/** The ref that `refKey` made the key from; a namespace holds no slash. */
export const refOf = (key: string): ObjectRef => {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};

type Listener<K extends Kind> = (change: Change<Resources[K]>) => void;

/** What a store holds of one kind, kept up to date in memory for those who read often. */
export class ObjectIndex<K extends Kind> {
  readonly kind: K;
  readonly #objects = new Map<string, Resources[K]>();
  readonly #listeners = new Set<Listener<K>>();
  readonly #synced = Promise.withResolvers<undefined>();
  #isSynced = false;

  constructor(kind: K) {
    this.kind = kind;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Whether everything that the store holds has been seen at least once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Resolves once everything that the store holds has been seen. */
  get synced(): Promise<undefined> {
    return this.#synced.promise;
  }

  get(key: string): Resources[K] | null {
    return this.#objects.get(key) ?? null;
  }

  values(): readonly Resources[K][] {
    return [...this.#objects.values()];
  }

  /** Calls the listener for every change from now on. Returns what ends that. */
  listen(listener: Listener<K>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the store until the signal aborts. */
  async follow(store: Store, signal: AbortSignal): Promise<void> {
    const follower: Follower<K> = {
      replace: (objects) => {
        this.#replace(objects);
      },
      change: (change) => {
        this.#change(change);
      },
    };
    await store.follow(this.kind, follower, signal);
  }

  #replace(objects: readonly Resources[K][]): void {
    const gone = new Map(this.#objects);
    for (const object of objects) {
      const key = refKey(object.metadata);
      const before = gone.get(key);
      gone.delete(key);
      if (before === undefined) this.#change({ type: 'ADDED', object });
      else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) {
        this.#change({ type: 'MODIFIED', object });
      }
    }
    for (const object of gone.values()) this.#change({ type: 'DELETED', object });
    this.#isSynced = true;
    this.#synced.resolve(undefined);
  }

  #change(change: Change<Resources[K]>): void {
    const key = refKey(change.object.metadata);
    if (change.type === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, change.object);
    for (const listener of this.#listeners) listener(change);
  }
}
