import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { accessReviewer } from '../authn/access-review.ts';
import { authenticateByToken, usernameOf } from '../authn/authenticate.ts';
import { tokenReviewer } from '../authn/token-review.ts';
import type { KnownPod, PodDirectory } from '../cluster/pod-directory.ts';
import { json, scriptedServer, status, type Reply, type Seen } from '../cluster/testing.ts';
import { NumberedStreams } from '../intake/numbered-streams.ts';
import { CertificateLedger } from '../ledger/certificate-ledger.ts';
import { MeasurementLedger } from '../ledger/measurement-ledger.ts';
import { TrafficLedger } from '../ledger/traffic-ledger.ts';
import { WhisperLedger } from '../ledger/whisper-ledger.ts';
import { ObjectIndex } from '../store/object-index.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createHttpServer } from './app.ts';
import { webhookRouter } from './webhook.ts';

const OBSERVER = usernameOf('kernel-gossip-observer/kernel-gossip-observer');
const uid = (digit: number): string => `7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d1${digit}`;
const pod = (name: string, digit: number, nodeName: string): KnownPod => ({
  workload: null,
  remediation: null,
  namespace: 'shop',
  name,
  uid: uid(digit),
  nodeName,
  labels: {},
  containers: new Map(),
});
const PODS = [pod('mine', 1, 'node-1'), pod('other', 2, 'node-2')];
const directory: PodDirectory = {
  isSynced: true,
  byUid: (wanted) => PODS.find((one) => one.uid === wanted) ?? null,
  byName: (namespace, name) => PODS.find((one) => one.namespace === namespace && one.name === name) ?? null,
};

const USERS: Readonly<Record<string, object>> = {
  'observer-1': { username: OBSERVER, extra: { 'authentication.kubernetes.io/node-name': ['node-1'] } },
  'observer-unbound': { username: OBSERVER },
  'shop-sender': { username: 'shop-sender' },
};

/** Reviews as an API server makes them: three tokens are valid, and one account may send for one namespace. */
const review = ({ body }: Seen): Reply => {
  const { spec } = body as {
    readonly spec: {
      readonly token?: string;
      readonly resourceAttributes?: { readonly namespace: string };
    };
  };
  if (spec.token === undefined)
    return json({ status: { allowed: spec.resourceAttributes?.namespace === 'shop' } }, 201);
  const user = USERS[spec.token];
  return json(
    { status: user === undefined ? {} : { authenticated: true, audiences: ['kernel-gossip'], user } },
    201,
  );
};

/** A webhook that asks the API server who sends. */
async function webhook(apiServer: (seen: Seen) => Reply = review): Promise<string> {
  const kubernetes = await scriptedServer(apiServer);
  const { api } = kubernetes;
  const store = openSqliteStore('memory');
  const app = express().use(
    webhookRouter({
      intake: {
        whispers: new WhisperLedger(store, new ObjectIndex('KernelWhisper'), { maxWhispers: 100 }),
        certificates: new CertificateLedger(store, new ObjectIndex('PodBirthCertificate'), 100),
        measurements: new MeasurementLedger(store, new ObjectIndex('KernelWhisper')),
        traffic: new TrafficLedger(store, new ObjectIndex('KernelWhisper')),
        directory,
        maySend: accessReviewer(api),
        isSynced: () => true,
        now: Date.now,
        count: () => undefined,
        streams: new NumberedStreams(() => undefined),
      },
      authenticate: authenticateByToken({ reviewToken: tokenReviewer(api), observer: OBSERVER }),
      onFailure: () => undefined,
    }),
  );
  const server = createHttpServer(app).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await store.close();
    await kubernetes.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook/pixie`;
}

const about = (subject: object): object => ({
  type: 'cpu_throttle',
  throttle_percentage: 85,
  timestamp: new Date().toISOString(),
  ...subject,
});
const mine = about({ pod_uid: uid(1) });
const forged = about({ pod_uid: uid(2) });

const post = async (url: string, token: string | null, body: unknown) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const challenge = response.headers.get('WWW-Authenticate');
  return { status: response.status, challenge, headers: response.headers, answer: await response.json() };
};

describe('an observer', () => {
  it('is believed about the pods of its node', async () => {
    expect(await post(await webhook(), 'observer-1', mine)).toMatchObject({
      status: 202,
      answer: { accepted: 1, rejected: [] },
    });
  });

  it('is not believed about pods of other nodes, whatever they are named by', async () => {
    const url = await webhook();
    const byName = about({ pod_name: 'other', namespace: 'shop' });
    const otherUidMyName = about({ pod_uid: uid(2), pod_name: 'mine', namespace: 'shop' });
    const fromElsewhere = about({ pod_uid: uid(1), node_name: 'node-2' });
    const expected = 'a pod of node node-1';
    expect(await post(url, 'observer-1', [forged, byName, otherUidMyName, fromElsewhere])).toMatchObject({
      status: 403,
      challenge: null,
      answer: {
        accepted: 0,
        error: `not from this sender: pod_uid: expected ${expected}, got "${uid(2)}"`,
        rejected: [
          { index: 0, path: 'pod_uid', expected, got: `"${uid(2)}"` },
          { index: 1, path: 'pod_name', expected, got: '"other"' },
          { index: 2, path: 'pod_uid', expected, got: `"${uid(2)}"` },
          { index: 3, path: 'node_name', expected: 'node-1, the node that the token names', got: '"node-2"' },
        ],
      },
    });
  });

  it('keeps what it may say when it also says what it may not', async () => {
    expect(await post(await webhook(), 'observer-1', [forged, mine])).toMatchObject({
      status: 202,
      answer: { accepted: 1, rejected: [{ index: 0, path: 'pod_uid' }], error: null },
    });
  });

  it('that is also wrong is told what is wrong', async () => {
    expect(await post(await webhook(), 'observer-1', [forged, { type: 'disk' }])).toMatchObject({
      status: 400,
      answer: {
        rejected: [
          { index: 0, path: 'pod_uid' },
          { index: 1, path: 'type' },
        ],
      },
    });
  });

  it('whose token names no node is told what is needed', async () => {
    expect(await post(await webhook(), 'observer-unbound', mine)).toMatchObject({
      status: 403,
      answer: {
        accepted: 0,
        rejected: [],
        error: expect.stringMatching(/bound to the observer's pod/) as string,
      },
    });
  });
});

it('a sender speaks for the namespaces that it was given, on every node', async () => {
  const url = await webhook();
  const elsewhere = about({ pod_name: 'web-1', namespace: 'bank' });
  expect(await post(url, 'shop-sender', [mine, forged, elsewhere])).toMatchObject({
    status: 202,
    answer: { accepted: 2, rejected: [{ index: 2, path: 'namespace', got: '"bank"' }] },
  });
  expect(await post(url, 'shop-sender', elsewhere)).toMatchObject({ status: 403 });
});

describe('a stranger', () => {
  it.each([
    [null, 'Bearer realm="kernel-gossip"'],
    ['garbage', 'Bearer realm="kernel-gossip", error="invalid_token"'],
  ])('with the token %j is asked for one', async (token, challenge) => {
    expect(await post(await webhook(), token, mine)).toMatchObject({
      status: 401,
      challenge,
      answer: {
        accepted: 0,
        rejected: [],
        error: expect.stringContaining('audience kernel-gossip') as string,
      },
    });
  });

  it('is not let in because nobody can be asked', async () => {
    const {
      status: code,
      headers,
      answer,
    } = await post(await webhook(() => json(status(503, 'etcd is away'), 503)), 'observer-1', mine);
    expect([code, headers.get('Retry-After')]).toEqual([503, '1']);
    expect(answer).toMatchObject({ accepted: 0, error: expect.not.stringContaining('etcd') as string });
  });
});
