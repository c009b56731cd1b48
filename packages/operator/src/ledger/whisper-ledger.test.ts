import { describe, expect, it } from 'vitest';
import { isKernelGossipError } from 'kernel-gossip-types';
import { bench, evidence, follow, settled, START_MS } from './whisper-ledger-testing.ts';
import { WhisperLedger } from './whisper-ledger.ts';

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

  it('ends by the word of the source whose figures stand, and of no other', async () => {
    const { ledger, only } = await bench();
    await ledger.record(evidence(85));
    await settled(ledger);
    expect(await ledger.record({ ...evidence(4, 10, { ended: true }), source: 'another' })).toBe('nothing');
    expect((await only()).spec.ended_at).toBeNull();
    expect(await ledger.record({ ...evidence(85, 11), source: 'another' })).toBe('repeat');
    expect(await ledger.record(evidence(4, 12, { ended: true }))).toBe('transition');
    expect((await only()).spec.ended_percent).toBe(4);
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
    const { ledger, only } = await bench({}, () => away);
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
    const { index, stop } = await follow(store);
    const restarted = new WhisperLedger(store, index, { maxWhispers: 1000 });
    expect(restarted.record(evidence(86, 1))).toBe('repeat');
    await restarted.flush();
    expect((await only()).status?.observations).toBe(2);
    await stop();
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
