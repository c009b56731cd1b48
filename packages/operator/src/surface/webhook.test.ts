import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { KernelGossipError } from 'kernel-gossip-types';
import { admitAnyone } from '../authn/authenticate.ts';
import { NumberedStreams } from '../intake/numbered-streams.ts';
import { CertificateLedger } from '../ledger/certificate-ledger.ts';
import { MeasurementLedger } from '../ledger/measurement-ledger.ts';
import { TrafficLedger } from '../ledger/traffic-ledger.ts';
import { WhisperLedger } from '../ledger/whisper-ledger.ts';
import { ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createHttpServer } from './app.ts';
import { webhookRouter } from './webhook.ts';

/** A webhook on a store whose writes wait until they are let go, or fail. */
async function webhookOn(apply: Store['apply'], requests: number): Promise<string> {
  const store = openSqliteStore('memory');
  const slow: Store = {
    name: 'sqlite',
    apply,
    applyStatus: (kind, ref, patch) => store.applyStatus(kind, ref, patch),
    get: (kind, ref) => store.get(kind, ref),
    list: (kind) => store.list(kind),
    delete: (kind, ref) => store.delete(kind, ref),
    follow: (kind, follower, signal) => store.follow(kind, follower, signal),
    ping: () => store.ping(),
    close: () => store.close(),
  };
  const whispers = new WhisperLedger(slow, new ObjectIndex('KernelWhisper'), { maxWhispers: 100 });
  const app = express().use(
    webhookRouter({
      intake: {
        whispers,
        certificates: new CertificateLedger(slow, new ObjectIndex('PodBirthCertificate'), 100),
        measurements: new MeasurementLedger(slow, new ObjectIndex('KernelWhisper')),
        traffic: new TrafficLedger(slow, new ObjectIndex('KernelWhisper')),
        directory: null,
        maySend: () => Promise.resolve(false),
        isSynced: () => true,
        now: Date.now,
        count: () => undefined,
        streams: new NumberedStreams(() => undefined),
      },
      authenticate: admitAnyone,
      limits: { requests, bytes: 1_000_000 },
      onFailure: () => undefined,
    }),
  );
  const server = createHttpServer(app).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await store.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook/pixie`;
}

const post = (url: string, pod: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      type: 'cpu_throttle',
      pod_name: pod,
      namespace: 'shop',
      throttle_percentage: 85,
      timestamp: new Date().toISOString(),
    }),
  });

it('tells senders to come back when it has its hands full, and takes them in again afterwards', async () => {
  const letGo = Promise.withResolvers<undefined>();
  const url = await webhookOn(async (_kind, draft) => {
    await letGo.promise;
    return { metadata: draft.metadata, spec: draft.spec } as never;
  }, 2);
  const held = [post(url, 'a'), post(url, 'b')];
  await new Promise((resolve) => setTimeout(resolve, 200));
  const refused = await post(url, 'c');
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '1']);
  letGo.resolve(undefined);
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([202, 202]);
  expect((await post(url, 'c')).status).toBe(202);
});

it('acknowledges nothing that the store did not take', async () => {
  const url = await webhookOn(() => Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'away')), 2);
  const response = await post(url, 'a');
  expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '1']);
  expect(await response.json()).toMatchObject({ accepted: 0, error: 'away' });
});
