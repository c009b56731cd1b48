import { isKernelGossipError, type Kind, type Resources } from 'kernel-gossip-types';
import type { FieldManager, ObjectRef, StatusOf, Store } from './port.ts';

const ATTEMPTS = 4;

export interface StatusUpdate<K extends Kind> {
  readonly manager: FieldManager;
  /** The object as it was seen last; read from the store where null. */
  readonly seen: Resources[K] | null;
  /** The fields to set, by the object as it is now. */
  readonly fieldsFor: (current: Resources[K]) => Partial<StatusOf<K>>;
}

/**
 * Sets fields of a status that follow from what stands there, which others may change at the same time: each attempt
 * starts from the object as it is. Resolves with false where the object is gone. Throws what the store throws, and
 * `KG_STORE_CONFLICT` where others are faster time and again.
 */
export async function updateStatus<K extends Kind>(
  store: Store,
  kind: K,
  ref: ObjectRef,
  { manager, seen, fieldsFor }: StatusUpdate<K>,
): Promise<boolean> {
  let current = seen ?? (await store.get(kind, ref));
  for (let attempt = 1; current !== null; attempt += 1) {
    const { resourceVersion } = current.metadata;
    try {
      await store.applyStatus(kind, ref, {
        manager,
        fields: fieldsFor(current),
        ...(resourceVersion === null ? {} : { resourceVersion }),
      });
      return true;
    } catch (error) {
      if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) return false;
      if (!isKernelGossipError(error, 'KG_STORE_CONFLICT') || attempt === ATTEMPTS) throw error;
      current = await store.get(kind, ref);
    }
  }
  return false;
}
