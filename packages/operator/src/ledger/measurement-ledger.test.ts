import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decodeObservation, type Remedy, type ResourceMeasurement } from 'kernel-gossip-types';
import type { Store } from '../store/port.ts';
import type { Evidence } from './evidence.ts';
import { MeasurementLedger } from './measurement-ledger.ts';
import { bench, evidence } from './whisper-ledger-testing.ts';

const POD_UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';

/** What was measured of a container, or of its pod as a whole. */
function measurement(
  container: string | null,
  periods: number,
  uid = POD_UID,
): Evidence<ResourceMeasurement> {
  const decoded = decodeObservation({
    type: 'resource_measurement',
    pod_uid: uid,
    timestamp: '2026-01-01T00:00:10Z',
    period_seconds: 3,
    nr_periods: periods,
    nr_throttled: 0,
  });
  if (!isRight(decoded) || decoded.right.type !== 'resource_measurement') throw new Error('not decoded');
  return {
    observation: decoded.right,
    pod: { namespace: 'shop', name: 'web-1', uid, workload: null },
    container,
    source: 'test',
    nodeName: null,
    receivedAtMs: 0,
  };
}

const WAITING = { phase: 'Measuring', container_name: 'app' } as const;

/** A whisper about the container `app` of the pod, with a remedy or without. */
async function whisperWith(remedy: Partial<Remedy> | null) {
  const { ledger: whispers, store, index, only } = await bench();
  const throttled = evidence(85);
  await whispers.record({ ...throttled, pod: { ...throttled.pod, uid: POD_UID } });
  const { namespace, name } = (await only()).metadata;
  const ref = { namespace, name };
  if (remedy !== null)
    await store.applyStatus('KernelWhisper', ref, {
      manager: 'kernel-gossip-remedy',
      fields: { remedy: { reason: 'InForce', message: '', mode: 'Auto', setbacks: 0, ...remedy } as Remedy },
    });
  const isSeen = () => index.get(`${namespace}/${name}`)?.status?.remedy?.phase === remedy?.phase;
  await expect.poll(isSeen).toBe(true);
  return { store, ref, ledger: new MeasurementLedger(store, index) };
}

async function periodsOn(store: Store, ref: { readonly namespace: string; readonly name: string }) {
  const measured = (await store.get('KernelWhisper', ref))?.status?.measured ?? null;
  return { container: measured?.container?.nr_periods, pod: measured?.pod?.nr_periods };
}

describe('the ledger of measurements', () => {
  it('puts container and pod side by side on the whisper that waits, though both come at once', async () => {
    const { store, ref, ledger } = await whisperWith(WAITING);
    const both = [ledger.record(measurement('app', 30)), ledger.record(measurement(null, 31))];
    expect(await Promise.all(both)).toEqual(['transition', 'transition']);
    expect(await periodsOn(store, ref)).toEqual({ container: 30, pod: 31 });
    await ledger.record(measurement('app', 32));
    expect(await periodsOn(store, ref)).toEqual({ container: 32, pod: 31 });
  });

  it.each([
    ['no remedy', null, measurement('app', 30)],
    ['a remedy that is only shown', { ...WAITING, phase: 'Proposed' as const }, measurement('app', 30)],
    ['another container', WAITING, measurement('sidecar', 30)],
    ['another pod', WAITING, measurement('app', 30, '00000000-0a5c-4a43-9a7e-2f8f6f0c1d11')],
  ])('leaves no trace about %s', async (_name, remedy, measured) => {
    const { store, ref, ledger } = await whisperWith(remedy);
    expect(await ledger.record(measured)).toBe('nothing');
    expect(await periodsOn(store, ref)).toEqual({ container: undefined, pod: undefined });
  });

  it('is silent about a whisper that is deleted meanwhile', async () => {
    const { store, ref, ledger } = await whisperWith(WAITING);
    await store.delete('KernelWhisper', ref);
    await ledger.record(measurement('app', 30));
    expect(await store.get('KernelWhisper', ref)).toBeNull();
  });
});
