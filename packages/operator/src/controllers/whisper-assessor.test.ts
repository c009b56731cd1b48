import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { KernelWhisper } from 'kernel-gossip-types';
import { specWith } from '../assess/testing.ts';
import { ObjectIndex, refKey } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Outcome } from './outcome.ts';
import { whisperAssessor, type WhisperPolicy } from './whisper-assessor.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const POLICY = { quietAfterMs: 600_000, keepResolvedMs: 86_400_000 };

interface Bench {
  readonly store: Store;
  readonly index: ObjectIndex<'KernelWhisper'>;
  readonly time: { ms: number };
  readonly file: (name: string, spec?: object) => Promise<string>;
  readonly assess: (key: string) => Promise<Outcome>;
  /** The whisper as the index shows it, once what was done last is seen. */
  readonly seen: (key: string) => Promise<KernelWhisper>;
}

async function bench(policy: Partial<WhisperPolicy> = {}): Promise<Bench> {
  const store = openSqliteStore('memory');
  const index = new ObjectIndex('KernelWhisper');
  const stopping = new AbortController();
  const following = index.follow(store, stopping.signal);
  await index.synced;
  onTestFinished(async () => {
    stopping.abort();
    await following;
    await store.close();
  });
  const time = { ms: START_MS };
  const reconcile = whisperAssessor(store, index, { ...POLICY, ...policy }, () => time.ms);
  const seen = async (key: string): Promise<KernelWhisper> => {
    const [namespace = '', name = ''] = key.split('/');
    const stored = await store.get('KernelWhisper', { namespace, name });
    await vi.waitFor(() => {
      expect(index.get(key)?.metadata.resourceVersion).toBe(stored?.metadata.resourceVersion);
    });
    return stored!;
  };
  return {
    store,
    index,
    time,
    seen,
    file: async (name, spec = {}) => {
      const { metadata } = await store.apply('KernelWhisper', {
        metadata: { namespace: 'shop', name, labels: {}, ownerReferences: [] },
        spec: specWith({ pod_name: name, throttled_percent: 85, ...spec }),
      });
      const key = refKey(metadata);
      await seen(key);
      return key;
    },
    assess: (key) => reconcile(key, stopping.signal),
  };
}

const ENDED = { ended_at: '2026-01-01T00:00:00Z' };

describe('the assessor of whispers', () => {
  it('writes what it makes of a whisper with its cause, once', async () => {
    const { file, assess, seen } = await bench();
    const key = await file('web-1');
    expect(await assess(key)).toEqual({ kind: 'done' });
    const first = await seen(key);
    expect(first.status).toMatchObject({
      phase: 'Open',
      recommendation: 'Consider increase CPU limits by 50%',
      cause: { kind: 'unknown', evidence: ['throttled_percent: 85%, in a window that is not told'] },
    });
    await assess(key);
    expect((await seen(key)).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('lets go of a resolved one when its time has come', async () => {
    const { file, assess, seen, store, time } = await bench();
    const key = await file('web-1', ENDED);
    expect(await assess(key)).toEqual({ kind: 'again', afterMs: POLICY.keepResolvedMs });
    await seen(key);
    time.ms += POLICY.keepResolvedMs;
    expect(await assess(key)).toEqual({ kind: 'done' });
    expect(await store.list('KernelWhisper')).toEqual([]);
  });

  it('lets go of no more at once than its budget, and of the others later', async () => {
    const { file, assess, seen, store, time } = await bench();
    const keys = await Promise.all(Array.from({ length: 120 }, (_, at) => file(`web-${at}`, ENDED)));
    for (const key of keys) await assess(key);
    for (const key of keys) await seen(key);
    time.ms += POLICY.keepResolvedMs;
    const began = performance.now();
    const outcomes = await Promise.all(keys.map((key) => assess(key)));
    const left = await store.list('KernelWhisper');
    // The budget fills while the test runs, however slow the machine is.
    const filled = Math.ceil((performance.now() - began) / 100);
    expect(120 - left.length).toBeGreaterThanOrEqual(50);
    expect(120 - left.length).toBeLessThanOrEqual(50 + filled);
    const waits = outcomes.flatMap((outcome) => (outcome.kind === 'again' ? [outcome.afterMs] : []));
    expect(waits).toHaveLength(left.length);
    // They come back one after the other, not all together.
    expect(new Set(waits.map((ms) => Math.round(ms / 50))).size).toBeGreaterThan(waits.length / 2);
  });

  it('says that others are withheld while they are, and looks again soon', async () => {
    const withholding = { reason: 'NamespaceFull', message: 'There are enough.' };
    const told = { full: true };
    const { file, assess, seen } = await bench({ withholdingOn: () => (told.full ? withholding : null) });
    const key = await file('web-1');
    expect(await assess(key)).toEqual({ kind: 'again', afterMs: 30_000 });
    expect((await seen(key)).status?.conditions).toMatchObject([
      { type: 'Ongoing' },
      { type: 'Withholding', status: 'True', ...withholding },
    ]);
    told.full = false;
    expect(await assess(key)).toEqual({ kind: 'done' });
    expect((await seen(key)).status?.conditions).toMatchObject([{ type: 'Ongoing' }]);
  });
});
