import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';
import type { Backend } from './backend.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';

/** One machine: findings in a file of this folder, no pods to look up, and nobody to share the work with. */
export function sqliteBackend(dataDir: string): Backend {
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw new KernelGossipError(
      'KG_CONFIG_INVALID',
      `DATA_DIR: cannot make ${dataDir}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  const store = openSqliteStore({ path: join(dataDir, 'kernel-gossip.db') });
  return {
    store,
    directory: null,
    births: null,
    remedies: null,
    readMetrics: null,
    reviews: null,
    checks: [],
    lead: (work, signal) => work(signal),
    close: () => store.close(),
  };
}
