import type { Kind } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';

/** What a controller works through: the keys there are, and each whose object changes. */
export interface Keys {
  all(): readonly string[];
  /** Calls the listener with each key that changes. Returns what ends that. */
  listen(listener: (key: string) => void): () => void;
}

/** The keys of a kind's objects. */
export const keysOf = <K extends Kind>(index: ObjectIndex<K>): Keys => ({
  all: () => index.values().map(({ metadata }) => refKey(metadata)),
  listen: (listener) =>
    index.listen(({ object }) => {
      listener(refKey(object.metadata));
    }),
});
