import type { AddressInfo } from 'node:net';
import express from 'express';
import { isLeft, left, right } from 'fp-ts/lib/Either.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  decode,
  KernelGossipError,
  KernelWhisperSpec,
  Remedy,
  WatchList,
  type RemedyPhase,
} from 'kernel-gossip-types';
import type { Decoder } from 'io-ts';
import { admitAnyone, type Authenticate } from '../authn/authenticate.ts';
import { ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createHttpServer } from './app.ts';
import { watchesRouter } from './watches.ts';

const uid = (number: number): string => `7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c${String(number).padStart(4, '0')}`;

const decoded = <A>(codec: Decoder<unknown, A>, input: unknown): A => {
  const result = decode(codec, input);
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

/** Tokens are names here: of two observers, and of somebody else. */
const byName: Authenticate = (authorization) => {
  const name = authorization?.replace('Bearer ', '');
  if (name === 'away') return Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'cannot be told'));
  if (name?.startsWith('observer-') === true)
    return Promise.resolve(right({ kind: 'observer', nodeName: name.replace('observer', 'node') }));
  return Promise.resolve(
    name === 'alice'
      ? right({ kind: 'account', identity: { username: 'alice', uid: null, groups: [], extra: {} } })
      : left({ status: 401, error: 'expected a token' }),
  );
};

interface Filed {
  readonly name: string;
  readonly pod: number;
  readonly node?: string;
  readonly phase: RemedyPhase | null;
  readonly reason?: string;
}

const setRemedy = (store: Store, { name, phase, reason = 'Because' }: Filed): Promise<unknown> => {
  const remedy = { phase, reason, message: 'So it is.', mode: 'Auto', container_name: 'app' };
  const fields = { remedy: phase === null ? null : decoded(Remedy, remedy) };
  const patch = { manager: 'kernel-gossip-remedy', fields } as const;
  return store.applyStatus('KernelWhisper', { namespace: 'shop', name }, patch);
};

async function file(store: Store, filed: Filed): Promise<void> {
  const spec = decoded(KernelWhisperSpec, {
    pod_name: `pod-${filed.pod}`,
    namespace: 'shop',
    container_name: 'app',
    pod_uid: uid(filed.pod),
    severity: 'critical',
    detected_at: '2026-01-01T00:00:00Z',
    throttled_percent: 85,
    source: filed.node === undefined ? null : { name: 'test', node_name: filed.node },
  });
  const metadata = { namespace: 'shop', name: filed.name, labels: {}, ownerReferences: [] };
  await store.apply('KernelWhisper', { metadata, spec });
  await setRemedy(store, filed);
}

/** The endpoint on a real store; the cluster knows the node of one pod. */
async function watches(filed: readonly Filed[], authenticate = byName, isFollowed = true) {
  const store = openSqliteStore('memory');
  const stopping = new AbortController();
  const whispers = new ObjectIndex('KernelWhisper');
  // Some stand when the operator starts, others come later.
  for (const one of filed.slice(0, 2)) await file(store, one);
  const following = isFollowed ? whispers.follow(store, stopping.signal) : null;
  if (isFollowed) await whispers.synced;
  const onFailure = vi.fn();
  const nodeOfPod = (podUid: string): string | null => (podUid === uid(9) ? 'node-1' : null);
  const app = express().use(watchesRouter({ whispers, nodeOfPod, authenticate, onFailure }));
  await Promise.all(filed.slice(2).map((one) => file(store, one)));
  const server = createHttpServer(app).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    stopping.abort();
    await following;
    await store.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1alpha1/watches`;
  const ask = async (token: string | null, query = '') => {
    const response = await fetch(`${url}${query}`, {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
    });
    return { status: response.status, headers: response.headers, answer: await response.json() };
  };
  const podsOf = async (token: string | null, query = '') => {
    const { pod_uids } = decoded(WatchList, (await ask(token, query)).answer);
    return pod_uids.toSorted();
  };
  return { store, ask, podsOf, onFailure };
}

const FILED: readonly Filed[] = [
  { name: 'a', pod: 1, node: 'node-1', phase: 'Measuring' },
  { name: 'b', pod: 1, node: 'node-1', phase: 'TakingBack' },
  { name: 'c', pod: 2, node: 'node-2', phase: 'Applying' },
  { name: 'd', pod: 3, node: 'node-1', phase: 'Waiting', reason: 'MeasuringBefore' },
  { name: 'e', pod: 4, node: 'node-1', phase: 'Waiting', reason: 'TooMany' },
  { name: 'f', pod: 5, node: 'node-1', phase: 'Proven' },
  { name: 'g', pod: 6, node: 'node-1', phase: null },
  { name: 'h', pod: 9, phase: 'Measuring' },
];

describe('what is to be measured', () => {
  it('is told to the observer of the node, also where the cluster alone knows the node', async () => {
    const { podsOf } = await watches(FILED);
    await vi.waitFor(async () => expect(await podsOf('observer-1')).toEqual([uid(1), uid(3), uid(9)]));
    expect(await podsOf('observer-2')).toEqual([uid(2)]);
    expect(await podsOf('observer-3')).toEqual([]);
    expect(await podsOf('observer-3', '?node_name=node-1')).toEqual([]);
  });

  it('follows what becomes of the remedies', async () => {
    const { store, podsOf } = await watches(FILED);
    await setRemedy(store, { name: 'a', pod: 1, phase: 'Proven' });
    await setRemedy(store, { name: 'f', pod: 5, phase: 'Measuring' });
    await store.delete('KernelWhisper', { namespace: 'shop', name: 'd' });
    await vi.waitFor(async () => expect(await podsOf('observer-1')).toEqual([uid(1), uid(5), uid(9)]));
    await setRemedy(store, { name: 'b', pod: 1, phase: 'TakenBack' });
    await vi.waitFor(async () => expect(await podsOf('observer-1')).toEqual([uid(5), uid(9)]));
  });

  it('is told of the node that is named, or of all, where nobody is asked who they are', async () => {
    const { podsOf } = await watches(FILED, admitAnyone);
    await vi.waitFor(async () => expect(await podsOf(null, '?node_name=node-2')).toEqual([uid(2)]));
    expect(await podsOf(null)).toEqual([uid(1), uid(2), uid(3), uid(9)]);
    expect(await podsOf(null, '?node_name=node-1&node_name=node-2')).toEqual([]);
  });

  it('is told of a thousand pods at most', async () => {
    const many = Array.from({ length: 1001 }, (_, pod): Filed => ({
      name: `w${pod}`,
      pod,
      phase: 'Measuring',
    }));
    const { podsOf } = await watches(many, admitAnyone);
    await vi.waitFor(async () => expect(await podsOf(null)).toHaveLength(1000));
  });
});

describe('who is not an observer', () => {
  it('is told nothing', async () => {
    const { ask } = await watches(FILED);
    expect(await ask('alice')).toMatchObject({
      status: 403,
      answer: { error: expect.any(String) as string },
    });
    const stranger = await ask(null);
    expect([stranger.status, stranger.headers.get('WWW-Authenticate')]).toEqual([
      401,
      'Bearer realm="kernel-gossip"',
    ]);
    expect((await ask('mallory')).headers.get('WWW-Authenticate')).toContain('invalid_token');
  });

  it('is told to come back when it cannot be told', async () => {
    const { ask, onFailure } = await watches(FILED);
    const { status, headers, answer } = await ask('away');
    expect([status, headers.get('Retry-After'), answer]).toEqual([503, '1', { error: 'cannot be told' }]);
    expect(onFailure).toHaveBeenCalledTimes(1);
  });
});

it('says nothing of what is to be measured before the findings were read', async () => {
  const { ask } = await watches([], admitAnyone, false);
  expect((await ask(null)).status).toBe(503);
});
