import { onTestFinished, vi, expect } from 'vitest';
import { KernelGossipError, type CpuThrottle, type KernelWhisper, type Workload } from 'kernel-gossip-types';
import { ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Evidence } from './evidence.ts';
import { WhisperLedger, type LedgerOptions } from './whisper-ledger.ts';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');

/** Evidence of throttling in the container `app` of the pod `web-1`, so many seconds after the start. */
export const evidence = (
  percent: number,
  atSeconds = 0,
  changes: Partial<CpuThrottle> = {},
): Evidence<CpuThrottle> => ({
  observation: {
    type: 'cpu_throttle',
    pod_name: 'web-1',
    namespace: 'shop',
    container_name: 'app',
    pod_uid: null,
    container_id: null,
    node_name: null,
    cgroup: null,
    timestamp: new Date(START_MS + atSeconds * 1000).toISOString(),
    source: null,
    provenance: 'measured',
    period_seconds: 60,
    ended: false,
    repeats: 1,
    throttle_percentage: percent,
    actual_cpu_usage: null,
    reported_cpu_usage: null,
    limit_cores: null,
    nr_periods: null,
    nr_throttled: null,
    throttled_seconds: null,
    threads: null,
    runnable_threads: null,
    runtime: null,
    cpu_pressure_percentage: null,
    age_seconds: null,
    ...changes,
  },
  pod: { namespace: 'shop', name: 'web-1', uid: null, workload: null },
  container: 'app',
  source: 'test',
  nodeName: null,
  receivedAtMs: START_MS + atSeconds * 1000,
});

/** The same evidence about another pod, which belongs to a workload. */
export const evidenceOf = (
  pod: { readonly name: string; readonly namespace?: string; readonly workload?: Workload },
  percent: number,
  atSeconds = 0,
): Evidence<CpuThrottle> => ({
  ...evidence(percent, atSeconds),
  pod: { namespace: 'shop', workload: null, ...pod, uid: null },
});

export interface Bench {
  readonly ledger: WhisperLedger;
  readonly index: ObjectIndex<'KernelWhisper'>;
  readonly store: Store;
  /** Writes so far, as `spec` or `status`. */
  readonly writes: string[];
  readonly only: () => Promise<KernelWhisper>;
}

/** A ledger on a real store in memory, whose writes can be made to fail or be counted. */
export async function bench(
  options: Partial<LedgerOptions> = {},
  failing: () => boolean = () => false,
): Promise<Bench> {
  const real = openSqliteStore('memory');
  const writes: string[] = [];
  const store: Store = {
    name: 'sqlite',
    apply: (kind, draft) => {
      writes.push('spec');
      if (failing()) return Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'away'));
      return real.apply(kind, draft);
    },
    applyStatus: (kind, ref, patch) => {
      writes.push('status');
      return real.applyStatus(kind, ref, patch);
    },
    get: (kind, ref) => real.get(kind, ref),
    list: (kind, namespace) => real.list(kind, namespace),
    delete: (kind, ref, uid) => real.delete(kind, ref, uid),
    follow: (kind, follower, signal) => real.follow(kind, follower, signal),
    ping: () => real.ping(),
    close: () => real.close(),
  };
  const { index, stop } = await follow(store);
  const ledger = new WhisperLedger(store, index, { maxWhispers: 1000, ...options });
  onTestFinished(async () => {
    await stop();
    ledger.close();
    await store.close();
  });
  const only = async (): Promise<KernelWhisper> => {
    const [whisper, ...others] = await store.list('KernelWhisper');
    if (whisper === undefined || others.length > 0) throw new Error('expected one whisper');
    return whisper;
  };
  return { ledger, index, store, writes, only };
}

interface Followed {
  readonly index: ObjectIndex<'KernelWhisper'>;
  readonly stop: () => Promise<void>;
}

/** What an operator sees that has just started on a store. */
export async function follow(store: Store): Promise<Followed> {
  const index = new ObjectIndex('KernelWhisper');
  const stopping = new AbortController();
  const following = index.follow(store, stopping.signal);
  await index.synced;
  return {
    index,
    stop: async () => {
      stopping.abort();
      await following;
    },
  };
}

/** Waits until what was counted at an opening is written. */
export const settled = (ledger: WhisperLedger): Promise<void> =>
  vi.waitFor(() => {
    expect(ledger.dirty).toBe(0);
  });
