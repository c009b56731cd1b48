import { describe, expect, it, onTestFinished } from 'vitest';
import { podEventReader, type EventsOptions } from './events.ts';
import { json, scriptedServer, status, type Reply } from './testing.ts';

const POD = { namespace: 'shop', uid: 'u1' };
const scheduled = {
  reason: 'Scheduled',
  note: 'Successfully assigned shop/web to node1',
  eventTime: '2026-01-01T00:00:00.123456Z',
  regarding: {},
};
const pulling = {
  reason: 'Pulling',
  note: 'Pulling image "x"',
  eventTime: null,
  deprecatedFirstTimestamp: '2026-01-01T00:00:01Z',
  regarding: { fieldPath: 'spec.initContainers{setup}' },
};

const readerOf = async (answer: () => Reply, options: EventsOptions = {}) => {
  const server = await scriptedServer(answer);
  onTestFinished(() => server.close());
  const read = podEventReader(server.api, { paceMs: 0, ...options });
  return { server, read: () => read(POD, new AbortController().signal) };
};

describe("a pod's events", () => {
  it('are asked for by its UID, with the time and the container of each', async () => {
    const { server, read } = await readerOf(() =>
      json({ items: [scheduled, pulling, { reason: 'Odd' }, null] }),
    );
    expect(await read()).toEqual({
      events: [
        {
          reason: 'Scheduled',
          note: 'Successfully assigned shop/web to node1',
          containerName: null,
          at: '2026-01-01T00:00:00.123456Z',
          resolutionMs: 0.001,
        },
        {
          reason: 'Pulling',
          note: 'Pulling image "x"',
          containerName: 'setup',
          at: '2026-01-01T00:00:01Z',
          resolutionMs: 1000,
        },
      ],
    });
    expect(server.seen).toMatchObject([
      {
        path: '/apis/events.k8s.io/v1/namespaces/shop/events',
        query: { fieldSelector: 'regarding.uid=u1', limit: '100' },
      },
    ]);
  });

  it('that may not be read are missing, and not asked for again for a while', async () => {
    let now = 0;
    const { server, read } = await readerOf(() => json(status(403, 'no'), 403), {
      refusedForMs: 1000,
      now: () => now,
    });
    const missing = { missing: 'the operator may not list events' };
    expect([await read(), await read()]).toEqual([missing, missing]);
    expect(server.seen).toHaveLength(1);
    now = 1000;
    await read();
    expect(server.seen).toHaveLength(2);
  });

  it('are tried again by whoever asked when the API fails', async () => {
    const { read } = await readerOf(() => json(status(500, 'broken'), 500));
    await expect(read()).rejects.toMatchObject({ code: 'KG_STORE_UNAVAILABLE' });
  });

  it('are read one after the other, at the pace that was set', async () => {
    const { server, read } = await readerOf(() => json({ items: [] }), { paceMs: 20 });
    const began = performance.now();
    await Promise.all([read(), read(), read()]);
    // When a request arrives says nothing of when it was sent, but that it was not later. Timers may be early by a millisecond.
    const [, second = 0, third = 0] = server.seen.map(({ at }) => at - began);
    expect([second >= 19, third >= 38]).toEqual([true, true]);
  });
});
