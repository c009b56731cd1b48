import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { decode, KernelWhisperSpec, RemediationPolicySpec } from 'kernel-gossip-types';
import { isRight } from 'fp-ts/lib/Either.js';
import { post, runningOperator, throttle, whispersOf } from './support/running-operator.ts';

const handWritten = () => {
  const spec = decode(KernelWhisperSpec, {
    pod_name: 'web-1',
    namespace: 'shop',
    severity: 'critical',
    detected_at: '2024-03-15T10:30:00Z',
    throttled_percent: 85.5,
  });
  if (!isRight(spec)) throw new Error('the spec is wrong');
  return {
    metadata: { namespace: 'shop', name: 'by-hand', labels: {}, ownerReferences: [] },
    spec: spec.right,
  };
};

describe('the controllers', () => {
  it('give a whisper written by hand its status, as if it had come by the webhook', async () => {
    const { url, store } = await runningOperator();
    await store.apply('KernelWhisper', handWritten());
    await vi.waitFor(async () => {
      expect(await whispersOf(url)).toMatchObject([
        { status: { kernel_evidence: 'Kernel shows 85.5% throttled time', observed_generation: 1 } },
      ]);
    });
  });

  it('follow a change made by hand', async () => {
    const { url, store } = await runningOperator();
    const draft = handWritten();
    await store.apply('KernelWhisper', draft);
    await store.apply('KernelWhisper', { ...draft, spec: { ...draft.spec, throttled_percent: 40 } });
    await vi.waitFor(async () => {
      expect(await whispersOf(url)).toMatchObject([
        { status: { kernel_evidence: 'Kernel shows 40% throttled time', observed_generation: 2 } },
      ]);
    });
  });

  it('resolve what ends, and let go of it after a while', async () => {
    const { url } = await runningOperator({ keepResolvedSeconds: 1 });
    await post(url, throttle());
    await post(url, throttle({ throttle_percentage: 0 }));
    await vi.waitFor(async () => {
      expect(await whispersOf(url)).toMatchObject([{ status: { phase: 'Resolved' } }]);
    });
    await vi.waitFor(
      async () => {
        expect(await whispersOf(url)).toEqual([]);
      },
      { timeout: 5000 },
    );
  });

  it('resolve what nobody repeats, and open it again when somebody does', async () => {
    const { url } = await runningOperator({ quietAfterSeconds: 1 });
    await post(url, throttle());
    await vi.waitFor(
      async () => {
        expect(await whispersOf(url)).toMatchObject([
          { status: { phase: 'Resolved', conditions: [{ reason: 'NoLongerReported' }] } },
        ]);
      },
      { timeout: 5000 },
    );
    await sleep(10);
    await post(url, throttle());
    await vi.waitFor(async () => {
      expect(await whispersOf(url)).toMatchObject([{ status: { phase: 'Open', observations: 2 } }]);
    });
  });

  it('let go of a birth certificate that no pod owns, after a while', async () => {
    const { url, store } = await runningOperator({ keepUnownedSeconds: 1 });
    const { type, throttle_percentage, ...subject } = throttle();
    await post(url, { ...subject, type: 'pod_creation', total_syscalls: 847 });
    expect(await store.list('PodBirthCertificate')).toHaveLength(1);
    await vi.waitFor(
      async () => {
        expect(await store.list('PodBirthCertificate')).toEqual([]);
      },
      { timeout: 5000 },
    );
  });

  it('say of a remediation policy that there is nothing here that it could act on', async () => {
    const { store } = await runningOperator();
    const spec = decode(RemediationPolicySpec, { mode: 'Auto' });
    if (!isRight(spec)) throw new Error('the spec is wrong');
    await store.apply('RemediationPolicy', {
      metadata: { namespace: 'shop', name: 'p', labels: {}, ownerReferences: [] },
      spec: spec.right,
    });
    await vi.waitFor(async () => {
      expect(await store.list('RemediationPolicy')).toMatchObject([
        { status: { conditions: [{ type: 'InForce', status: 'False', reason: 'NoCluster' }] } },
      ]);
    });
  });
});
