import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type CpuThrottle,
  isKernelGossipError,
  type KernelWhisper,
  KernelGossipError,
} from 'kernel-gossip-types';
import { ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Evidence } from './evidence.ts';
import { WhisperLedger } from './whisper-ledger.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');

const evidence = (
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
    ...changes,
  },
  pod: { namespace: 'shop', name: 'web-1', uid: null },
  container: 'app',
  source: 'test',
  nodeName: null,
  receivedAtMs: START_MS + atSeconds * 1000,
});

interface Bench {
  readonly ledger: WhisperLedger;
  readonly index: ObjectIndex<'KernelWhisper'>;
  readonly store: Store;
  /** Writes so far, as `spec` or `status`. */
  readonly writes: string[];
  readonly only: () => Promise<KernelWhisper>;
}

/** A ledger on a real store in memory, whose writes can be made to fail or be counted. */
async function bench(failing: () => boolean = () => false, maxWhispers = 1000): Promise<Bench> {
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
  const index = new ObjectIndex('KernelWhisper');
  const stopping = new AbortController();
  const following = index.follow(store, stopping.signal);
  await index.synced;
  const ledger = new WhisperLedger(store, index, { maxWhispers });
  onTestFinished(async () => {
    stopping.abort();
    await following;
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

/** Waits until what was counted at an opening is written. */
const settled = (ledger: WhisperLedger) =>
  vi.waitFor(() => {
    expect(ledger.dirty).toBe(0);
  });

describe('WhisperLedger', () => {
  it('opens once, then counts without writing, and writes the counters at the flush', async () => {
    const { ledger, writes, only } = await bench();
    expect(await ledger.record(evidence(85.5))).toBe('transition');
    await settled(ledger);
    expect(writes).toEqual(['spec', 'status']);
    for (let second = 1; second <= 100; second += 1)
      expect(ledger.record(evidence(86, second))).toBe('repeat');
    expect(writes).toHaveLength(2);
    await ledger.flush();
    expect(writes).toEqual(['spec', 'status', 'status']);
    expect(await only()).toMatchObject({
      spec: { throttled_percent: 85.5, detected_at: new Date(START_MS).toISOString() },
      status: { observations: 101, last_seen: new Date(START_MS + 100_000).toISOString() },
    });
    await ledger.flush();
    expect(writes).toHaveLength(3);
  });

  it('writes figures again when they moved or grew old', async () => {
    const { ledger, only } = await bench();
    await ledger.record(evidence(85));
    await settled(ledger);
    await ledger.record(evidence(91, 10));
    await ledger.flush();
    expect((await only()).spec).toMatchObject({
      throttled_percent: 91,
      detected_at: new Date(START_MS).toISOString(),
    });
    await ledger.record(evidence(92, 200));
    await ledger.flush();
    expect((await only()).spec.throttled_percent).toBe(91);
    await ledger.record(evidence(92, 320));
    await ledger.flush();
    expect((await only()).spec.throttled_percent).toBe(92);
  });

  it('writes a change of severity at once, up and down', async () => {
    const { ledger, only } = await bench();
    await ledger.record(evidence(40));
    expect((await only()).spec.severity).toBe('info');
    expect(await ledger.record(evidence(81, 1))).toBe('transition');
    expect((await only()).spec.severity).toBe('critical');
    expect(await ledger.record(evidence(60, 2))).toBe('transition');
    expect((await only()).spec.severity).toBe('warning');
  });

  it('ends when the source says so or measures none, keeps the figures, and opens again', async () => {
    const { ledger, only } = await bench();
    await ledger.record(evidence(85));
    expect(await ledger.record(evidence(4, 10, { ended: true }))).toBe('transition');
    expect((await only()).spec).toMatchObject({
      ended_at: new Date(START_MS + 10_000).toISOString(),
      ended_percent: 4,
      throttled_percent: 85,
      severity: 'critical',
    });
    await settled(ledger);
    expect(ledger.record(evidence(0, 11))).toBe('nothing');
    expect(await ledger.record(evidence(55, 20))).toBe('transition');
    expect((await only()).spec).toMatchObject({
      ended_at: null,
      ended_percent: null,
      severity: 'warning',
      detected_at: new Date(START_MS + 20_000).toISOString(),
    });
    expect(await ledger.record(evidence(0, 30))).toBe('transition');
    expect((await only()).spec).toMatchObject({ ended_percent: 0 });
  });

  it('makes nothing of nothing', async () => {
    const { ledger, store } = await bench();
    expect(await ledger.record(evidence(0))).toBe('nothing');
    expect(await store.list('KernelWhisper')).toEqual([]);
  });

  it('does not let late evidence overwrite newer evidence', async () => {
    const { ledger, only } = await bench();
    await ledger.record(evidence(85, 100));
    await settled(ledger);
    expect(await ledger.record(evidence(10, 50))).toBe('repeat');
    expect(await ledger.record(evidence(0, 60, { ended: true }))).toBe('repeat');
    await ledger.flush();
    expect(await only()).toMatchObject({
      spec: { severity: 'critical', throttled_percent: 85, ended_at: null },
      status: { observations: 3 },
    });
  });

  it('makes one whisper of many that arrive at the same time', async () => {
    const { ledger, writes, only } = await bench();
    const recorded = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => await ledger.record(evidence(85, at))),
    );
    expect(recorded.filter((result) => result === 'transition')).toHaveLength(1);
    await ledger.flush();
    expect((await only()).status?.observations).toBe(50);
    expect(writes.filter((write) => write === 'spec').length).toBeLessThanOrEqual(2);
  });

  it('acknowledges nothing that the store did not take, and takes it the next time', async () => {
    let away = true;
    const { ledger, only } = await bench(() => away);
    await expect(ledger.record(evidence(85))).rejects.toSatisfy((error) =>
      isKernelGossipError(error, 'KG_STORE_UNAVAILABLE'),
    );
    away = false;
    expect(await ledger.record(evidence(85, 1))).toBe('transition');
    expect((await only()).spec.severity).toBe('critical');
  });

  it('goes on after a restart where it was', async () => {
    const { ledger, store, only } = await bench();
    await ledger.record(evidence(85));
    await settled(ledger);
    const index = new ObjectIndex('KernelWhisper');
    const stopping = new AbortController();
    const following = index.follow(store, stopping.signal);
    await index.synced;
    const restarted = new WhisperLedger(store, index, { maxWhispers: 1000 });
    expect(restarted.record(evidence(86, 1))).toBe('repeat');
    await restarted.flush();
    expect((await only()).status?.observations).toBe(2);
    stopping.abort();
    await following;
  });

  it('adds up what two replicas counted', async () => {
    const { ledger, store, index, only } = await bench();
    const other = new WhisperLedger(store, index, { maxWhispers: 1000 });
    await ledger.record(evidence(85));
    await settled(ledger);
    for (let second = 1; second <= 10; second += 1) {
      await ledger.record(evidence(85, second));
      await other.record(evidence(85, second));
    }
    await Promise.all([ledger.flush(), other.flush()]);
    expect((await only()).status?.observations).toBe(21);
  });

  it('takes another limit as news, however little the share moved', async () => {
    const { ledger, only } = await bench();
    await ledger.record(evidence(85, 0, { limit_cores: 0.2 }));
    await settled(ledger);
    await ledger.record(evidence(86, 1, { limit_cores: 0.3 }));
    await ledger.flush();
    expect((await only()).spec.kernel_truth?.limit_cores).toBe(0.3);
  });

  it('opens no more than it may', async () => {
    const { ledger } = await bench(() => false, 0);
    await expect(ledger.record(evidence(85))).rejects.toThrow(/no more than 0 are kept/);
  });

  it('opens again what was deleted while its counters were being written', async () => {
    const { ledger, store, only } = await bench();
    await ledger.record(evidence(85));
    await settled(ledger);
    expect(ledger.record(evidence(85, 1))).toBe('repeat');
    const { metadata } = await only();
    await Promise.all([store.delete('KernelWhisper', metadata), ledger.flush()]);
    expect(await ledger.record(evidence(85, 2))).toBe('transition');
    expect((await only()).spec.severity).toBe('critical');
  });

  it('follows a whisper that somebody deleted and made again otherwise', async () => {
    const { ledger, store, only } = await bench();
    await ledger.record(evidence(85));
    await ledger.record(evidence(40, 1));
    await settled(ledger);
    const { metadata, spec } = await only();
    await store.delete('KernelWhisper', metadata);
    await store.apply('KernelWhisper', {
      metadata: { ...metadata, labels: {}, ownerReferences: [] },
      spec: { ...spec, severity: 'warning' },
    });
    expect(await ledger.record(evidence(40, 2))).toBe('transition');
    expect((await only()).spec.severity).toBe('info');
  });

  it('opens again what was deleted', async () => {
    const { ledger, store, only } = await bench();
    await ledger.record(evidence(85));
    await settled(ledger);
    await store.delete('KernelWhisper', (await only()).metadata);
    expect(await ledger.record(evidence(85, 1))).toBe('transition');
    expect((await only()).spec.severity).toBe('critical');
  });
});
