import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { createConnection, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Resource } from 'kernel-gossip-types';
import { listAnswers, LIST_LIMITS, type ListLimits } from './list-answers.ts';

const object = (name: string, said: string): Resource =>
  ({
    kind: 'KernelWhisper',
    metadata: { namespace: 'shop', name },
    spec: { text: said },
  }) as unknown as Resource;

/** As large as all the whispers that there may be. */
const many = (said: string): readonly Resource[] =>
  Array.from({ length: 20_000 }, (_, index) => object(`w${index}`, said.padEnd(2048, '.')));

/** A server that answers with whatever is held, and counts how many answers are under way. */
async function serverOf(held: { objects: readonly Resource[] }, limits: Partial<ListLimits> = {}) {
  const send = listAnswers({ ...LIST_LIMITS, ...limits });
  let underWay = 0;
  const app = express().get('/', (_request, response, next) => {
    underWay += 1;
    send(response, 'KernelWhisper', () => held.objects)
      .catch(next)
      .finally(() => {
        underWay -= 1;
      });
  });
  const server: Server = createServer(app as (request: unknown, response: unknown) => void);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/`, underWay: () => underWay };
}

/** Asks so many times, on one connection, and never reads. */
function neverReads(port: number, times = 1): Socket {
  const socket = createConnection({ host: '127.0.0.1', port });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(times));
  return socket;
}

const generations = (list: string): readonly string[] => {
  const { items } = JSON.parse(list) as { items: { spec: { text: string } }[] };
  return [...new Set(items.map(({ spec }) => spec.text.replace(/\.+$/, '')))];
};

describe('a list', () => {
  it('is what JSON makes of it, wherever its blocks end', async () => {
    const held: { objects: readonly Resource[] } = { objects: [] };
    const { url } = await serverOf(held);
    const anyText = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 0, max: 200_000 }).map((length) => 'ä'.repeat(length)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 8 }), async (texts) => {
        held.objects = texts.map((one, index) => object(`w${index}`, one));
        const { items, ...rest } = (await (await fetch(url)).json()) as { items: unknown };
        expect(items).toEqual(held.objects);
        expect(rest).toEqual({
          apiVersion: 'kernel.gossip.io/v1alpha1',
          kind: 'KernelWhisperList',
          metadata: { resourceVersion: null },
        });
      }),
      { numRuns: 50 },
    );
  });

  it('is as it was when it was asked for, however long the reader takes', { timeout: 60_000 }, async () => {
    const held = { objects: many('before') };
    const { url, underWay } = await serverOf(held);
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    get(url, resolve);
    const slow = await promise;
    held.objects = many('after');
    expect(generations(await (await fetch(url)).text())).toEqual(['after']);
    expect(underWay()).toBe(1);
    expect(generations(await text(slow))).toEqual(['before']);
  });

  it('is not written for more readers at a time than there may be', async () => {
    const { port, url, underWay } = await serverOf({ objects: many('x') }, { answers: 2 });
    const readers = [neverReads(port), neverReads(port)];
    await expect.poll(underWay).toBe(2);
    const refused = await fetch(url);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    readers[0]?.destroy();
    await expect.poll(underWay).toBe(1);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    expect(generations(await (await fetch(url)).text())).toEqual(['x']);
  });

  it('is ended for who does not read, also behind another one on the same connection', async () => {
    const { port, url, underWay } = await serverOf({ objects: many('x') }, { answers: 3, patienceMs: 500 });
    neverReads(port, 3);
    await expect.poll(underWay).toBe(3);
    await expect.poll(underWay, { timeout: 10_000 }).toBe(0);
    expect((await fetch(url)).status).toBe(200);
  });

  it('is ended for who takes too little, and not for who takes a while', { timeout: 60_000 }, async () => {
    const { port, underWay } = await serverOf({ objects: many('x') }, { patienceMs: 500 });
    /** Takes so many bytes 200 times a second, or fewer, until the answer is over; tells how many. */
    const take = async (atOnce: number): Promise<number> => {
      const socket = neverReads(port);
      let bytes = 0;
      const reading = setInterval(() => {
        const read = socket.read(Math.min(atOnce, socket.readableLength)) as Buffer | null;
        bytes += read?.byteLength ?? 0;
      }, 5);
      await expect.poll(underWay, { timeout: 10_000 }).toBe(1);
      await expect.poll(underWay, { timeout: 30_000 }).toBe(0);
      clearInterval(reading);
      return bytes;
    };
    // Of 42 MB; the kernel holds what is not read yet.
    expect(await take(64 * 1024)).toBeGreaterThan(30_000_000);
    expect(await take(512)).toBeLessThan(10_000_000);
  });
});
