import { setTimeout as sleep } from 'node:timers/promises';
import { isKernelGossipError, type Kind, type Resources } from 'kernel-gossip-types';
import type { Draft, Store } from './port.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/**
 * The `apply` of a store that is away for a moment: tries again until the store answers or the time is over, so that
 * a short absence delays an acknowledgement instead of refusing the request. Throws the store's last error.
 */
export const applyPatiently =
  (store: Pick<Store, 'apply'>, patienceMs: number): Store['apply'] =>
  async <K extends Kind>(kind: K, draft: Draft<K>): Promise<Resources[K]> => {
    const deadline = performance.now() + patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return await store.apply(kind, draft);
      } catch (error) {
        const left = deadline - performance.now();
        if (!isKernelGossipError(error, 'KG_STORE_UNAVAILABLE') || left <= 0) throw error;
        await sleep(Math.min(left, pause * (0.5 + Math.random() / 2)));
      }
    }
  };
