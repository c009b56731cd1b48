import { get, type IncomingMessage } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { KernelWhisper, KernelWhisperList } from 'kernel-gossip-types';
import { readReviewer } from '../src/authn/access-review.ts';
import { tokenReviewer } from '../src/authn/token-review.ts';
import { json, scriptedServer, status, type Reply, type Seen } from '../src/cluster/testing.ts';
import { DEFAULT_CONFIG, type OperatorConfig } from '../src/config.ts';
import { startOperator, type RunningOperator } from '../src/operator.ts';
import { sqliteBackend } from '../src/sqlite-backend.ts';
import type { Store } from '../src/store/port.ts';
import { post, runningOperator, temporaryFolder, throttle } from './support/running-operator.ts';

const API = '/api/v1alpha1';
const GUARDED = [
  '/kernelwhispers',
  '/podbirthcertificates',
  '/namespaces/shop/kernelwhispers',
  '/namespaces/shop/kernelwhispers/any',
  '/namespaces/shop/pods/web-1/traffic',
  '/changes',
];

/** An address of this machine that is not loopback; null where it has none. */
const otherAddress = (): string | null =>
  Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.internal === false && one.family === 'IPv4')?.address ?? null;

const statuses = (base: string, headers: Record<string, string> = {}): Promise<readonly number[]> =>
  Promise.all(
    GUARDED.map(async (path) => {
      const leaving = new AbortController();
      const response = await fetch(`${base}${API}${path}`, { headers, signal: leaving.signal });
      leaving.abort();
      return response.status;
    }),
  );

/** An operator that asks this API server who reads. */
async function inCluster(
  answer: (seen: Seen) => Reply,
  config: Partial<OperatorConfig> = {},
): Promise<RunningOperator> {
  const kubernetes = await scriptedServer(answer);
  const { api } = kubernetes;
  onTestFinished(() => kubernetes.close());
  const backend = {
    ...sqliteBackend(temporaryFolder()),
    reviews: {
      reviewToken: tokenReviewer(api),
      mayRead: readReviewer(api),
      maySend: () => Promise.resolve(false),
    },
  };
  const settings = { ...DEFAULT_CONFIG, port: 0, host: '0.0.0.0', webhookAuth: 'none' as const, ...config };
  const operator = await startOperator(settings, backend, pino({ level: 'silent' }));
  onTestFinished(() => operator.close());
  return operator;
}

/** Every token is that of its own name, or of its last part's; who is called `view` may list everything. */
const reviews = ({ body }: Seen): Reply => {
  const { spec } = body as {
    readonly spec: { readonly token?: string; readonly user?: string; readonly resourceAttributes?: object };
  };
  if (spec.token === undefined) return json({ status: { allowed: spec.user === 'view' } }, 201);
  const user = { username: spec.token.split('.').at(-1) };
  return json({ status: { authenticated: true, audiences: ['kernel-gossip'], user } }, 201);
};

describe('reading', () => {
  it('is for who is on this machine, and for nobody else, where there is no cluster to ask', async () => {
    const { url } = await runningOperator({ host: '0.0.0.0' });
    expect(await statuses(url)).toEqual([200, 200, 200, 404, 404, 200]);
    // What a proxy passes on.
    expect(new Set(await statuses(url, { 'X-Forwarded-For': '10.0.0.7' }))).toEqual(new Set([403]));
    const address = otherAddress();
    if (address === null) return;
    const there = url.replace('127.0.0.1', address);
    expect(new Set(await statuses(there))).toEqual(new Set([403]));
    expect((await fetch(`${there}${API}/about`)).status).toBe(200);
    expect((await fetch(`${there}/health`)).status).toBe(200);
  });

  it('in a cluster takes a token whose owner may list what is read', async () => {
    const { url } = await inCluster(reviews, { readAuth: 'token' });
    const refused = await fetch(`${url}${API}/kernelwhispers`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="kernel-gossip"',
    ]);
    expect(new Set(await statuses(url, { Authorization: 'Bearer alice' }))).toEqual(new Set([403]));
    expect(await statuses(url, { Authorization: 'Bearer view' })).toEqual([200, 200, 200, 404, 404, 200]);
  });

  it('in a cluster lets in without a token who comes by port-forward', async () => {
    const { url } = await inCluster(reviews);
    expect(await statuses(url)).toEqual([200, 200, 200, 404, 404, 200]);
    expect(new Set(await statuses(url, { 'X-Forwarded-For': '10.0.0.7' }))).toEqual(new Set([401]));
  });

  it('is refused while nobody can be asked', async () => {
    const { url } = await inCluster(() => json(status(503, 'away'), 503), { readAuth: 'token' });
    const response = await fetch(`${url}${API}/kernelwhispers`, {
      headers: { Authorization: 'Bearer view' },
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('by token is no setting for a machine without Kubernetes', async () => {
    await expect(runningOperator({ readAuth: 'token' })).rejects.toThrow(
      'READ_AUTH: token needs the store kubernetes',
    );
  });

  it('takes only those of a pod, or the newest', async () => {
    const { url } = await runningOperator();
    await post(url, [throttle(), throttle({ pod_name: 'web-2' }), throttle({ pod_name: 'web-3' })]);
    const names = async (query: string): Promise<readonly string[]> => {
      const response = await fetch(`${url}${API}/namespaces/shop/kernelwhispers?${query}`);
      const { items } = (await response.json()) as { items: { spec: { pod_name: string } }[] };
      return items.map(({ spec }) => spec.pod_name);
    };
    expect(await names('pod=web-2')).toEqual(['web-2']);
    expect(await names('newest=2')).toHaveLength(2);
    expect(await names('newest=-1')).toHaveLength(3);
  });
});

describe('the page', () => {
  it('comes with a policy under which nothing but itself runs', async () => {
    const { url } = await runningOperator();
    const response = await fetch(url);
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    // Built or not: the page itself, or what to do.
    const text = await response.text();
    expect([response.status, text.includes('id="page"'), text.includes('npm run build')]).toEqual(
      response.status === 200 ? [200, true, false] : [404, false, true],
    );
    expect((await fetch(`${url}/../package.json`)).status).toBe(404);
    expect((await fetch(`${url}/%2e%2e/package.json`)).status).toBe(404);
  });
});

const READERS = 500;
const STUCK = 20;

/** How many readers the operator counts. */
async function readersOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^kernel_gossip_event_readers (\d+)$/m.exec(text)?.[1]);
}

/** A reader that asks for something and never reads it. */
function stuckReader(url: string, path = 'changes'): Socket {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(`GET ${API}/${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return socket;
}

describe('readers of changes', () => {
  it(`are told all of it, ${READERS} of them at a time`, { timeout: 60_000 }, async () => {
    const { url } = await runningOperator();
    const leaving = new AbortController();
    const streams = await Promise.all(
      Array.from({ length: READERS }, () => fetch(`${url}${API}/changes`, { signal: leaving.signal })),
    );
    expect(await readersOf(url)).toBe(READERS);
    await post(url, throttle());
    const heard = await Promise.all(
      streams.map(async ({ body }) => {
        let text = '';
        if (body === null) return false;
        for await (const chunk of body) {
          text += new TextDecoder().decode(chunk as Uint8Array);
          if (text.includes('"phase":"Open"')) return true;
        }
        return false;
      }),
    );
    expect(heard.filter(Boolean)).toHaveLength(READERS);
    leaving.abort();
    await expect.poll(() => readersOf(url)).toBe(0);
  });

  it('that never read are dropped, and cost little until then', { timeout: 120_000 }, async () => {
    const { url, store } = await runningOperator();
    for (let reader = 0; reader < STUCK; reader += 1) stuckReader(url);
    await expect.poll(() => readersOf(url)).toBe(STUCK);
    await post(url, throttle());
    const [whisper] = await store.list('KernelWhisper');
    if (whisper === undefined) throw new Error('no whisper was filed');
    const { metadata, spec } = whisper;
    const memory = (): number => process.memoryUsage().arrayBuffers / 1024 / 1024;
    const before = memory();
    let most = 0;
    let sent = 0;
    // Each change carries some kilobytes; what the kernel buffers for a connection has to be filled first.
    while ((await readersOf(url)) > 0 && sent < 6000) {
      await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          store.apply('KernelWhisper', {
            metadata: { namespace: 'shop', name: metadata.name, labels: {}, ownerReferences: [] },
            spec: {
              ...spec,
              source: { name: 'x', node_name: null, cgroup: `/${sent + index}`.padEnd(4096, 'x') },
            },
          }),
        ),
      );
      sent += 100;
      await sleep(5);
      most = Math.max(most, memory() - before);
    }
    process.stdout.write(
      `${STUCK} stuck readers: dropped after ${sent} changes, ${most.toFixed(0)} MiB at most\n`,
    );
    expect(await readersOf(url)).toBe(0);
    // Each alone may have 4 MiB waiting; all of them share it.
    expect(most).toBeLessThan(STUCK * 4);
  });

  it('that were away for too much are told to list again', async () => {
    const { url, store } = await runningOperator();
    await post(url, throttle());
    const leaving = new AbortController();
    onTestFinished(() => {
      leaving.abort();
    });
    const first = async (lastId: string | null): Promise<string> => {
      const { body } = await fetch(`${url}${API}/changes`, {
        signal: leaving.signal,
        headers: lastId === null ? {} : { 'Last-Event-ID': lastId },
      });
      let text = '';
      if (body === null) return text;
      for await (const chunk of body) {
        text += new TextDecoder().decode(chunk as Uint8Array);
        if (text.includes('event: hello') && text.endsWith('\n\n')) break;
      }
      return text;
    };
    const id = /id: (\S+)/.exec(await first(null))?.[1] ?? '';
    const [whisper] = await store.list('KernelWhisper');
    if (whisper === undefined) throw new Error('no whisper was filed');
    await store.delete('KernelWhisper', whisper.metadata);
    await expect.poll(() => first(id)).toMatch(/event: change[^]*DELETED[^]*event: hello/);
    const [process] = id.split('.');
    for (const unknown of ['x.1', `${process ?? ''}.99`, `${process ?? ''}.-1`, 'nonsense']) {
      expect(await first(unknown)).toMatch(/event: reset[^]*event: hello/);
    }
  });
});

const WHISPERS = 3000;

/** Files so many whispers, or says something else about them: more than the kernel buffers for a reader. */
async function file(store: Store, { spec }: KernelWhisper, generation: string): Promise<void> {
  const source = { name: generation, node_name: null, cgroup: '/'.padEnd(4096, 'x') };
  for (let from = 0; from < WHISPERS; from += 500) {
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => {
        const name = `w${from + index}`;
        return store.apply('KernelWhisper', {
          metadata: { namespace: 'shop', name, labels: {}, ownerReferences: [] },
          spec: { ...spec, pod_name: name, source },
        });
      }),
    );
  }
}

const generations = async (list: Promise<string>): Promise<readonly string[]> => {
  const { items } = JSON.parse(await list) as KernelWhisperList;
  return [...new Set(items.map(({ spec }) => spec.source?.name ?? ''))];
};

/** An operator with as many whispers, and what says something else about all of them. */
async function manyWhispers() {
  const { url, store } = await runningOperator();
  await post(url, throttle());
  const [whisper] = await store.list('KernelWhisper');
  if (whisper === undefined) throw new Error('no whisper was filed');
  await store.delete('KernelWhisper', whisper.metadata);
  const list = `${url}${API}/kernelwhispers`;
  const say = async (generation: string): Promise<void> => {
    await file(store, whisper, generation);
    const read = async (): Promise<string> => (await fetch(list)).text();
    await expect.poll(() => generations(read()), { timeout: 30_000 }).toEqual([generation]);
  };
  await say('first');
  return { url, list, say };
}

describe('lists of many', () => {
  it('are as of one moment, whatever changes while they are read', { timeout: 120_000 }, async () => {
    const { list, say } = await manyWhispers();
    const answer = Promise.withResolvers<IncomingMessage>();
    get(list, answer.resolve);
    const slow = await answer.promise;
    await say('second');
    expect(await generations(textOf(slow))).toEqual(['first']);
  });

  it(
    'cost little for who never reads, and are not for any number at a time',
    { timeout: 120_000 },
    async () => {
      const { url, list } = await manyWhispers();
      const memory = (): number => process.memoryUsage().arrayBuffers / 1024 / 1024;
      const statusOfList = async (): Promise<number> => {
        const { status: code, body } = await fetch(list);
        await body?.cancel();
        return code;
      };
      const before = memory();
      const stuck = Array.from({ length: 80 }, () => stuckReader(url, 'kernelwhispers'));
      await expect.poll(statusOfList, { timeout: 30_000 }).toBe(503);
      expect((await fetch(`${url}/health`)).status).toBe(200);
      await sleep(1000);
      const cost = memory() - before;
      process.stdout.write(`80 readers that never read a list: ${cost.toFixed(0)} MiB\n`);
      // One list has 13 MiB.
      expect(cost).toBeLessThan(80);
      for (const reader of stuck) reader.destroy();
      await expect.poll(statusOfList, { timeout: 30_000 }).toBe(200);
    },
  );
});

describe('a stream of changes', () => {
  it('ends with its token also while the API server is away', async () => {
    let isAway = false;
    const { url } = await inCluster((seen) => (isAway ? json(status(503, 'away'), 503) : reviews(seen)), {
      readAuth: 'token',
    });
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const claims = Buffer.from(JSON.stringify({ exp: Date.now() / 1000 + 2 })).toString('base64url');
    const streams = await Promise.all(
      [`e30.${claims}.view`, 'view'].map((token) =>
        fetch(`${url}${API}/changes`, { headers: { Authorization: `Bearer ${token}` } }),
      ),
    );
    expect(streams.map((stream) => stream.status)).toEqual([200, 200]);
    isAway = true;
    await sleep(2100);
    let lasts = true;
    void streams[1]?.text().finally(() => {
      lasts = false;
    });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await streams[0]?.text()).toContain('still here');
    expect(lasts).toBe(true);
  });
});
