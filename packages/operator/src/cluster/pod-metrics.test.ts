import { describe, expect, it, onTestFinished } from 'vitest';
import { podMetricsReader, type PodMetrics, type PodMetricsOptions } from './pod-metrics.ts';
import { json, scriptedServer, status, type Reply, type ScriptedServer } from './testing.ts';

/** As metrics-server 0.7.2 answers. */
const METRICS = {
  kind: 'PodMetrics',
  apiVersion: 'metrics.k8s.io/v1beta1',
  metadata: { name: 'web-1', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:20Z' },
  timestamp: '2026-01-01T00:00:09Z',
  window: '15.062s',
  containers: [
    { name: 'app', usage: { cpu: '199853291n', memory: '63208Ki' } },
    { name: 'proxy', usage: { cpu: '0', memory: '1' } },
  ],
};

const text =
  (body: string, code: number): Reply =>
  (response) => {
    response.writeHead(code, { 'content-type': 'text/plain' });
    response.end(body);
  };

interface Reader {
  readonly server: ScriptedServer;
  readonly read: (name?: string) => Promise<PodMetrics>;
}

const readerOf = async (answer: () => Reply, options: PodMetricsOptions = {}): Promise<Reader> => {
  const server = await scriptedServer(answer);
  onTestFinished(() => server.close());
  const read = podMetricsReader(server.api, { paceMs: 0, sharedForMs: 0, ...options });
  return {
    server,
    read: (name = 'web-1') => read({ namespace: 'shop', name }, new AbortController().signal),
  };
};

describe('the metrics of a pod', () => {
  it('are told for each container, with their window and when it ended', async () => {
    const { server, read } = await readerOf(() => json(METRICS));
    expect(await read()).toEqual({
      availability: 'available',
      measuredAt: '2026-01-01T00:00:09Z',
      windowSeconds: 15.062,
      containers: new Map([
        ['app', { cpuCores: 0.199853291, memoryBytes: 64_724_992 }],
        ['proxy', { cpuCores: 0, memoryBytes: 1 }],
      ]),
    });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/web-1',
    ]);
  });

  it('are null, never 0, where a figure is missing or makes no sense', async () => {
    const containers = [
      { name: 'a', usage: {} },
      { name: 'b', usage: { cpu: '-1n', memory: '-4Ki' } },
      { name: 'c', usage: { cpu: 'lots', memory: '1.5' } },
    ];
    const { read } = await readerOf(() => json({ ...METRICS, window: 'a while', containers }));
    expect(await read()).toMatchObject({
      windowSeconds: null,
      containers: new Map([
        ['a', { cpuCores: null, memoryBytes: null }],
        ['b', { cpuCores: null, memoryBytes: null }],
        ['c', { cpuCores: null, memoryBytes: 2 }],
      ]),
    });
  });

  it.each([
    ['whom they do not know', json(status(404, 'podmetrics "shop/web-1" not found', 'NotFound'), 404)],
    ['of whose containers none was scraped', json({ ...METRICS, timestamp: null, containers: [] })],
  ])('have no sample of a pod %s', async (_what, reply) => {
    const { read } = await readerOf(() => reply);
    expect(await read()).toMatchObject({ availability: 'no_sample', message: /no sample of this pod/ });
  });

  it.each([
    ['nobody serves them', text('404 page not found\n', 404), /serves no metrics\.k8s\.io/],
    [
      'the aggregation layer finds nobody',
      text('service unavailable\n', 503),
      /registered, but nobody answers .*status 503/,
    ],
    [
      'they may not be read',
      json(status(403, 'pods is forbidden', 'Forbidden'), 403),
      /may not read.*is forbidden/,
    ],
    [
      'the answer is not what it should be',
      json({ ...METRICS, containers: 'none' }),
      /cannot be read: containers/,
    ],
    ['the answer is no JSON', text('<html>', 200), /No answer from metrics\.k8s\.io: the answer is not JSON/],
  ])('are not available where %s, and it is said', async (_what, reply, message) => {
    const { read } = await readerOf(() => reply);
    const answer = await read();
    expect(answer).toEqual({
      availability: 'not_available',
      message: expect.stringMatching(message) as string,
    });
  });

  it('are not available where the connection breaks', async () => {
    const { read } = await readerOf(() => (response) => response.destroy());
    expect(await read()).toMatchObject({ availability: 'not_available', message: /^No answer/ });
  });

  it('are asked for once for all pods while nobody can answer, and again after a while', async () => {
    let now = 0;
    let reply = text('service unavailable\n', 503);
    const { server, read } = await readerOf(() => reply, { now: () => now, unavailableForMs: 1000 });
    for (const name of ['web-1', 'web-2', 'web-3'])
      expect(await read(name)).toMatchObject({ availability: 'not_available' });
    expect(server.seen).toHaveLength(1);
    now = 1000;
    reply = json(METRICS);
    expect(await read()).toMatchObject({ availability: 'available' });
    expect(server.seen).toHaveLength(2);
  });

  it.each([
    ['an error about one', json(status(500, 'broken'), 500)],
    ['no sample of one', json(status(404, 'not found', 'NotFound'), 404)],
  ])('are asked for of the other pods after %s', async (_what, reply) => {
    const { server, read } = await readerOf(() => reply);
    await read('web-1');
    await read('web-2');
    expect(server.seen).toHaveLength(2);
  });

  it('are asked for once for all containers of a pod', async () => {
    let now = 0;
    const { server, read } = await readerOf(() => json(METRICS), { sharedForMs: 5000, now: () => now });
    const [first, second] = await Promise.all([read(), read()]);
    expect(second).toBe(first);
    expect(server.seen).toHaveLength(1);
    await read('web-2');
    now = 5000;
    await read();
    expect(server.seen).toHaveLength(3);
  });

  it('are asked for at the pace that was set', async () => {
    const { read } = await readerOf(() => json(METRICS), { paceMs: 50 });
    const start = performance.now();
    await Promise.all(['a', 'b', 'c'].map(read));
    // Two pauses; timers of Node may fire a millisecond early.
    expect(performance.now() - start).toBeGreaterThanOrEqual(95);
  });

  it('are not waited for once the reader is stopped', async () => {
    const server = await scriptedServer(() => () => undefined);
    onTestFinished(() => server.close());
    const stopping = new AbortController();
    const reading = podMetricsReader(server.api)({ namespace: 'shop', name: 'web-1' }, stopping.signal);
    stopping.abort(new Error('stopped'));
    await expect(reading).rejects.toThrow('stopped');
  });
});
