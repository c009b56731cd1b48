/** How a reconcile ended, when it did not fail. */
export type Outcome =
  | { readonly kind: 'done' }
  /** To be looked at again after a while, because time alone may change the picture. */
  | { readonly kind: 'again'; readonly afterMs: number };

export const DONE: Outcome = { kind: 'done' };
export const again = (afterMs: number): Outcome => ({ kind: 'again', afterMs });

/**
 * Brings one object, named by its key, to where it should be. Level-triggered: it is never told what happened,
 * reads the state as it is, and may be called any number of times. Throws `KernelGossipError`.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome>;
