import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readReviewer } from '../authn/access-review.ts';
import { admitByToken } from '../authn/read-access.ts';
import { tokenReviewer } from '../authn/token-review.ts';
import { json, scriptedServer, status } from '../cluster/testing.ts';
import { createHttpServer } from './app.ts';
import { readerChecks, type ReaderCheck } from './read-guard.ts';

const SECOND = 1000;

/** Readers of an operator that asks an API server, which answers as it is set to. Time stands until it is moved. */
async function readers() {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  const cluster = { isAway: false, mayRead: true };
  const kubernetes = await scriptedServer(({ body }) => {
    if (cluster.isAway) return json(status(503, 'away'), 503);
    const { spec } = body as { readonly spec: { readonly token?: string } };
    if (spec.token === undefined) return json({ status: { allowed: cluster.mayRead } }, 201);
    const user = { username: spec.token };
    return json({ status: { authenticated: true, audiences: ['kernel-gossip'], user } }, 201);
  });
  const { api } = kubernetes;
  const onFailure = vi.fn();
  const admit = admitByToken({ reviewToken: tokenReviewer(api), mayRead: readReviewer(api) });
  const checkOf = readerChecks({ admit, onFailure }, ['KernelWhisper']);
  const checks: ReaderCheck[] = [];
  const app = express().get('/', (request, response) => {
    checks.push(checkOf(request));
    response.end();
  });
  const server = createHttpServer(app).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    vi.useRealTimers();
    server.closeAllConnections();
    server.close();
    await kubernetes.close();
  });
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reader = async (token: string): Promise<ReaderCheck> => {
    await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
    const check = checks.at(-1);
    if (check === undefined) throw new Error('nobody came');
    return check;
  };
  const after = (seconds: number): void => {
    vi.advanceTimersByTime(seconds * SECOND);
  };
  return { cluster, reader, after, onFailure };
}

const tokenUntil = (ms: number): string =>
  `e30.${Buffer.from(JSON.stringify({ exp: ms / SECOND })).toString('base64url')}.x`;

it('a reader may go on for a minute in which nobody can be asked', async () => {
  const { cluster, reader, after, onFailure } = await readers();
  const check = await reader('view');
  expect(await check()).toBe(true);
  cluster.isAway = true;
  // What was answered is kept for a minute.
  after(59);
  expect(await check()).toBe(true);
  after(59);
  expect(await check()).toBe(true);
  expect(onFailure).not.toHaveBeenCalled();
  after(1);
  expect(await check()).toBe(false);
  expect(onFailure).toHaveBeenCalledTimes(1);
});

it('a reader who can be asked about again may go on, or not, as the answer is', async () => {
  const { cluster, reader, after } = await readers();
  const check = await reader('view');
  expect(await check()).toBe(true);
  for (let outage = 0; outage < 3; outage += 1) {
    cluster.isAway = true;
    after(61);
    expect(await check()).toBe(false);
    cluster.isAway = false;
    expect(await check()).toBe(true);
  }
  cluster.mayRead = false;
  after(61);
  expect(await check()).toBe(false);
});

it('a reader whose token has expired may not, whether somebody can be asked or not', async () => {
  const { cluster, reader, after } = await readers();
  const check = await reader(tokenUntil(Date.now() + 10 * SECOND));
  const other = await reader('e30.bm8ganNvbg.x');
  expect([await check(), await other()]).toEqual([true, true]);
  cluster.isAway = true;
  after(9);
  expect(await check()).toBe(true);
  after(1);
  expect([await check(), await other()]).toEqual([false, true]);
});

it('each of many readers who are checked at once is checked', async () => {
  const { cluster, reader, after } = await readers();
  const checks: ReaderCheck[] = [];
  for (let at = 0; at < 300; at += 1) checks.push(await reader(`view-${at}`));
  const checkAll = (): Promise<readonly boolean[]> => Promise.all(checks.map((check) => check()));
  expect(new Set(await checkAll())).toEqual(new Set([true]));
  cluster.mayRead = false;
  after(61);
  expect(new Set(await checkAll())).toEqual(new Set([false]));
});
