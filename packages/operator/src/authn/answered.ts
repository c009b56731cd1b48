import { KernelGossipError } from 'kernel-gossip-types';

/**
 * Asks the API server about a sender. When it does not answer, nothing is allowed and nothing is refused: that becomes
 * `KG_STORE_UNAVAILABLE`. The reason is its cause, for the log: a stranger need not know what our API server said.
 */
export async function answered<A>(what: string, ask: () => Promise<A>): Promise<A> {
  try {
    return await ask();
  } catch (error) {
    throw new KernelGossipError(
      'KG_STORE_UNAVAILABLE',
      `${what} cannot be checked now; send it again in a moment`,
      { cause: error },
    );
  }
}
