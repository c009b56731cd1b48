import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { createPoster } from '../deliver/post.ts';
import { pauseMs, WatchListPoller } from './poller.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const PACE = { everyMs: 50, longestMs: 200, keepMs: 400 };
const log = pino({ level: 'silent' });

interface Asked {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly socket: IncomingMessage['socket'];
  readonly atMs: number;
}

/** An operator on a real socket, and a poller that asks it. */
async function asking(answer: RequestListener, nodeName: string | null = 'node-1') {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    const { url: path, headers, socket } = request;
    asked.push({ path, authorization: headers.authorization, socket, atMs: performance.now() });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 't0k3n\n');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below`;
  const poster = createPoster({ url, token: null, tokenFile, caFile: null }, Date.now);
  const get = (path: string) => poster.get(path);
  const poller = new WatchListPoller(nodeName, { get, clock: systemClock, log }, PACE);
  onTestFinished(async () => {
    poller.close();
    await poster.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  poller.start();
  return { poller, asked, tokenFile };
}

const list =
  (...podUids: readonly string[]): RequestListener =>
  (_request, response) =>
    void response.writeHead(200).end(JSON.stringify({ pod_uids: podUids }));

const named = (poller: WatchListPoller) => [...poller.podUids];
/** Well above the pace, for a machine that has other things to do. */
const soon = { timeout: 5000 };

describe('what the operator wants measured', () => {
  it('is asked for again and again over one connection, with the node and the newest token', async () => {
    const answers = [list(UID), list()];
    const { poller, asked, tokenFile } = await asking((request, response) =>
      (answers.length > 1 ? answers.shift() : answers[0])?.(request, response),
    );
    expect(named(poller)).toEqual([]);
    await vi.waitFor(() => expect(named(poller)).toEqual([UID]), { ...soon, interval: 5 });
    writeFileSync(tokenFile, 'renewed');
    await vi.waitFor(() => expect(asked.at(-1)?.authorization).toBe('Bearer renewed'), soon);
    await vi.waitFor(() => expect(named(poller)).toEqual([]), soon);
    expect(asked[0]).toMatchObject({
      path: '/below/api/v1alpha1/watches?node_name=node-1',
      authorization: 'Bearer t0k3n',
    });
    expect(new Set(asked.map(({ socket }) => socket)).size).toBe(1);
  });

  it('is asked for one question at a time', async () => {
    const { asked } = await asking(() => undefined, null);
    await vi.waitFor(() => expect(asked).toHaveLength(1), soon);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.path).toBe('/below/api/v1alpha1/watches');
  });

  it.each<[string, RequestListener]>([
    ['is away', (request) => void request.socket.destroy()],
    ['has not read its store', (_request, response) => void response.writeHead(503).end('{}')],
    ['is a proxy', (_request, response) => void response.writeHead(200).end('<html>')],
    [
      'answers something else',
      (_request, response) => void response.writeHead(200).end('{"pod_uids":["x"]}'),
    ],
  ])('holds for a while when the operator %s, and is asked for less often', async (_what, fail) => {
    let isFailing = false;
    const { poller, asked } = await asking((request, response) =>
      (isFailing ? fail : list(UID))(request, response),
    );
    await vi.waitFor(() => expect(named(poller)).toEqual([UID]), soon);
    isFailing = true;
    const failedAt = asked.length;
    await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(failedAt + 2), soon);
    const [answered] = asked.slice(failedAt - 1);
    await vi.waitFor(() => expect(named(poller)).toEqual([]), { ...soon, interval: 5 });
    expect(performance.now() - answered!.atMs).toBeGreaterThanOrEqual(PACE.keepMs);
    isFailing = false;
    await vi.waitFor(() => expect(named(poller)).toEqual([UID]), soon);
  });

  it('is nothing for an operator that does not know the question', async () => {
    let isOlder = false;
    const { poller, asked } = await asking((request, response) =>
      isOlder ? void response.writeHead(404).end('{}') : list(UID)(request, response),
    );
    await vi.waitFor(() => expect(named(poller)).toEqual([UID]), soon);
    isOlder = true;
    await vi.waitFor(() => expect(named(poller)).toEqual([]), { ...soon, interval: 5 });
    const before = asked.length;
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(before), soon);
    expect(asked.at(-1)!.atMs - asked.at(-2)!.atMs).toBeGreaterThanOrEqual(PACE.longestMs * 0.8 - 5);
  });

  it('is no longer asked for when the poller is closed, also while it asks', async () => {
    const held = Promise.withResolvers<undefined>();
    const { poller, asked } = await asking((request, response) => {
      void held.promise.then(() => list(UID)(request, response));
    });
    await vi.waitFor(() => expect(asked).toHaveLength(1), soon);
    poller.close();
    held.resolve(undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).toHaveLength(1);
    expect(named(poller)).toEqual([]);
  });
});

describe('the pause between two questions', () => {
  it('is about five seconds, doubles with each failure, and is never longer than a minute', () => {
    const failures = fc.nat(100);
    // As of Math.random: never 1 itself.
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(failures, random, (count, share) => {
        const pause = pauseMs('failed', count, share);
        expect(pause).toBeLessThanOrEqual(60_000);
        expect(pause).toBeGreaterThanOrEqual(Math.min(60_000, 5000 * 2 ** count) * 0.8);
        expect(pauseMs('list', 0, share)).toBeGreaterThanOrEqual(4000);
        expect(pauseMs('list', 0, share)).toBeLessThanOrEqual(6000);
        expect(pauseMs('unknown', 0, share)).toBeGreaterThanOrEqual(48_000);
      }),
    );
  });
});
