import { API_VERSION, type KernelWhisper } from 'kernel-gossip-types';
import { describe, expect, it, onTestFinished } from 'vitest';
import { json, scriptedServer, type Reply, type ScriptedServer } from '../../operator/src/cluster/testing.ts';
import { follow, type Connection } from '../src/live/follow.ts';
import { createOperatorClock } from '../src/live/operator-clock.ts';
import { operatorAt } from '../src/live/operator.ts';
import { persist } from '../src/live/persist.ts';

/** A stream of changes that says hello, and stays. */
const hello: Reply = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('event: hello\nid: process.1\ndata: {}\n\n');
};

const busy: Reply = json({ error: 'too many lists are under way' }, 503, { 'retry-after': '7' });

async function serving(list: Reply): Promise<ScriptedServer> {
  const server = await scriptedServer(({ path }) => (path.endsWith('/changes') ? hello : list));
  onTestFinished(() => server.close());
  return server;
}

interface Followed {
  readonly connections: readonly Connection[];
  /** How long it would have waited, in milliseconds. */
  readonly waits: readonly number[];
}

/** Follows until it wants to wait for the first time. */
async function followedOnce(url: string, token: string | null = null): Promise<Followed> {
  const connections: Connection[] = [];
  const waits: number[] = [];
  const done = new AbortController();
  const wait = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    done.abort();
    return Promise.resolve();
  };
  const ignore = (): void => undefined;
  await follow(
    {
      operator: operatorAt(url, () => token, createOperatorClock(Date.now)),
      bell: { ring: ignore, wait },
      attention: { away: () => new AbortController().signal },
      now: Date.now,
      hearer: {
        connection: (connection) => connections.push(connection),
        everything: ignore,
        change: ignore,
        restarted: ignore,
      },
    },
    done.signal,
  );
  return { connections, waits };
}

describe('an operator that is followed', () => {
  it('is left alone for as long as it asks, and for a time of its own beyond that', async () => {
    const { url } = await serving(busy);
    const { connections, waits } = await followedOnce(url);
    expect(connections.at(-1)).toMatchObject({ state: 'reconnecting', why: 'too many lists are under way' });
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(7250);
    expect(waits[0]).toBeLessThanOrEqual(12_000);
  });

  it('is not sent what is no token: the reader is asked for another one', async () => {
    const { url, seen } = await serving(json({ items: [] }));
    for (const token of ['good\u200b', 'go od', 'gööd', 'a'.repeat(8193), '"good"']) {
      const { connections } = await followedOnce(url, token);
      expect(connections.at(-1)).toMatchObject({
        state: 'denied',
        status: 401,
        why: expect.stringMatching(/^This is no token/) as unknown,
      });
    }
    expect(seen).toEqual([]);
  });

  it('is asked again for what a story needs, until it answers', async () => {
    const answers = [json({ error: 'busy' }, 503, { 'retry-after': '0' }), json({ items: [] })];
    const { url } = await serving((response, seen) => answers.shift()?.(response, seen));
    const operator = operatorAt(url, () => null, createOperatorClock(Date.now));
    const read: number[] = [];
    const { signal } = new AbortController();
    await persist(async () => {
      read.push((await operator.certificates(null, signal)).items.length);
    }, signal);
    expect([read, answers]).toEqual([[0], []]);
  });

  it('names what of a list this page cannot read', async () => {
    const newer = { apiVersion: API_VERSION, kind: 'KernelWhisper', spec: { severity: 'catastrophic' } };
    const items = [{ ...newer, metadata: { namespace: 'shop', name: 'a' } }, newer, null];
    const { url } = await serving(json({ items }));
    const operator = operatorAt(url, () => null, createOperatorClock(Date.now));
    const listed = await operator.whispers(new AbortController().signal);
    expect(listed.items satisfies readonly KernelWhisper[]).toEqual([]);
    expect(listed.unreadable).toEqual(['shop/a', 'without a name, 1', 'without a name, 2']);
  });

  it('tells what time it is by every answer', async () => {
    const { url } = await serving(json({ items: [] }, 200, { date: 'Sun, 15 Mar 2026 10:00:00 GMT' }));
    const clock = createOperatorClock(Date.now);
    await operatorAt(url, () => null, clock).whispers(new AbortController().signal);
    expect(Math.abs(clock.now() - Date.UTC(2026, 2, 15, 10))).toBeLessThan(60_000);
  });
});
