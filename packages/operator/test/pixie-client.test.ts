import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { status as Code } from '@grpc/grpc-js';
import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import { isKernelGossipError, type ErrorCode } from 'kernel-gossip-types';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cloudAddress, directAddress, type CloudSettings } from '../src/intake/pixie/client/address.ts';
import {
  openPixieClient,
  type PixieClient,
  type PixieOptions,
  type RowBatch,
  type ScriptRequest,
} from '../src/intake/pixie/client/pixie-client.ts';
import {
  makeCertificates,
  startPixieServer,
  tableOf,
  type Column,
  type FakeCluster,
  type PixieServer,
  type PixieServerOptions,
  type ReceivedScript,
  type ScriptPlay,
  type Step,
} from './support/pixie-server/index.ts';
import { temporaryFolder } from './support/running-operator.ts';

const CLUSTER: FakeCluster = {
  id: '1fae01a7-62e9-4ab0-8a93-3c6d29e300bb',
  name: 'prod-eu',
  status: 'HEALTHY',
  vizierVersion: '0.14.15',
  nodes: 3,
  instrumentedNodes: 2,
  heartbeatAgeNs: 3_000_000_000n,
};
const KEY = 'px-api-0123456789abcdef';
const COLUMNS: readonly Column[] = [
  { name: 'time_', type: 'TIME64NS' },
  { name: 'pod', type: 'STRING' },
  { name: 'upid', type: 'UINT128' },
  { name: 'throttled_ns', type: 'INT64' },
  { name: 'ratio', type: 'FLOAT64' },
  { name: 'ssl', type: 'BOOLEAN' },
];
const UPID = '00000007-0000-3039-0000-000000bc614e';
const cellsOf = (at: number) =>
  [1_795_000_000_123_456_789n + BigInt(at), `shop/web-${at}`, UPID, -1n, 0.5, at % 2 === 0] as const;
const rowOf = (at: number) =>
  Object.fromEntries(cellsOf(at).map((cell, index) => [COLUMNS[index]!.name, cell]));
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

const TABLE = { kind: 'table', name: 'cpu_throttle', columns: COLUMNS } as const;
const EOS = { kind: 'eos', table: 'cpu_throttle' } as const;
const STATS = { kind: 'stats', executionNs: 2_500_000n, recordsProcessed: 7, bytesProcessed: 900 } as const;
const rows = (...at: readonly number[]): Step => ({
  kind: 'rows',
  table: 'cpu_throttle',
  rows: at.map(cellsOf),
});
const cut = (way: 'stream' | 'silent' | 'connection' = 'stream'): Step => ({ kind: 'cut', way });

const never = new AbortController().signal;

type Scripts = (request: ReceivedScript) => ScriptPlay;

async function server(
  scripts: Scripts,
  options: Omit<PixieServerOptions, 'scripts'> = {},
): Promise<PixieServer> {
  const started = await startPixieServer({ ...options, scripts });
  onTestFinished(() => started.close());
  return started;
}

const valueOf = <A>(either: Either<string, A>): A => {
  if (isLeft(either)) throw new Error(either.left);
  return either.right;
};

function client(options: PixieOptions): PixieClient {
  const opened = openPixieClient(options);
  onTestFinished(() => opened.close());
  return opened;
}

const direct = (url: string, more: Partial<PixieOptions> = {}): PixieClient =>
  client({ ...valueOf(directAddress(url)), ...more });

/** A standalone PEM that answers each script so, and a client of it. */
async function answering(...steps: readonly Step[]): Promise<PixieClient> {
  return direct((await server(() => steps)).url);
}

/** A cloud of its own behind a private authority, and a way to speak to it. */
async function cloud(scripts: Scripts, encryption: boolean) {
  const { ca, cert, key } = await makeCertificates(temporaryFolder());
  const started = await server(scripts, { tls: { cert, key }, apiKey: KEY, clusters: [CLUSTER] });
  return {
    server: started,
    client: (changes: Partial<CloudSettings> = {}) =>
      client({
        ...valueOf(
          cloudAddress({
            address: `localhost:${started.port}`,
            clusterId: CLUSTER.id,
            apiKey: KEY,
            ca,
            ...changes,
          }),
        ),
        encryption,
      }),
  };
}

const request = (changes: Partial<ScriptRequest> = {}): ScriptRequest => ({
  name: 'cpu_throttle_detector',
  query: "import px\npx.display(px.DataFrame('x'), 'cpu_throttle')",
  mutation: false,
  deadlineMs: 60_000,
  maxRows: 1000,
  ...changes,
});

async function run(pixie: PixieClient, changes: Partial<ScriptRequest> = {}, signal = never) {
  const batches: RowBatch[] = [];
  const stats = await pixie.execute(
    request(changes),
    (batch) => {
      batches.push(batch);
      return Promise.resolve();
    },
    signal,
  );
  return { stats, rows: batches.flatMap((batch) => batch.rows), tables: batches.map(({ table }) => table) };
}

async function failure(
  work: Promise<unknown>,
): Promise<{ readonly code: ErrorCode; readonly message: string }> {
  const error = await work.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  if (!isKernelGossipError(error)) throw error;
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(KEY);
  return error;
}

describe('the Pixie client', () => {
  it('reads what a standalone PEM sends, to the last bit', async () => {
    const pem = await server(() => [...tableOf('cpu_throttle', COLUMNS, upTo(3).map(cellsOf)), STATS]);
    const pixie = direct(pem.url);
    const { stats, rows: read, tables } = await run(pixie);
    expect(read).toEqual(upTo(3).map(rowOf));
    expect(tables).toEqual(['cpu_throttle']);
    expect(stats).toMatchObject({
      rows: 3,
      resumes: 0,
      executionMs: 2.5,
      recordsProcessed: 7,
      bytesProcessed: 900,
    });
    expect(stats.queryId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await pixie.clusterInfo(never)).toMatchObject({ id: 'localhost', status: null, nodes: null });
    expect(pem.received).toMatchObject([
      {
        clusterId: 'localhost',
        query: request().query,
        name: 'cpu_throttle_detector',
        mutation: false,
        encryption: null,
        apiKey: null,
        apiClient: 'kernel-gossip',
      },
    ]);
  });

  it('takes a script that shows nothing', async () => {
    expect((await run(await answering())).stats).toMatchObject({ rows: 0, executionMs: null });
    expect((await run(await answering(TABLE, EOS))).rows).toEqual([]);
  });

  it('says how the cluster is, over TLS with a private authority', async () => {
    const { client: open } = await cloud(() => tableOf('cpu_throttle', COLUMNS, [cellsOf(1)]), false);
    const pixie = open();
    expect(await pixie.clusterInfo(never)).toEqual({
      id: CLUSTER.id,
      name: 'prod-eu',
      status: 'HEALTHY',
      statusMessage: null,
      vizierVersion: '0.14.15',
      nodes: 3,
      instrumentedNodes: 2,
      lastHeartbeatNs: 3_000_000_000,
    });
    expect((await run(pixie)).rows).toEqual([rowOf(1)]);
  });

  it('reads rows that are encrypted from the cluster to here', async () => {
    const { server: far, client: open } = await cloud(
      () => [...tableOf('cpu_throttle', COLUMNS, upTo(50).map(cellsOf)), STATS],
      true,
    );
    const pixie = open();
    expect((await run(pixie)).rows).toEqual(upTo(50).map(rowOf));
    await run(pixie);
    const keys = far.received.map(({ encryption }) => encryption?.jwkKey);
    expect(new Set(keys).size).toBe(1);
    expect(far.received[0]?.encryption).toMatchObject({
      keyAlg: 'RSA-OAEP-256',
      contentAlg: 'A256GCM',
      compressionAlg: 'DEF',
    });
  }, 120_000);

  it('takes no rows in the clear where it asked for others', async () => {
    // cols{ int64_data{ 1 } }, num_rows 1, table_id "t"
    const batch = { cols: [{ int64_data: { data: [1] } }], num_rows: 1, table_id: 't' };
    const schema = { id: 't', name: 'x', relation: { columns: [{ column_name: 'n', column_type: 2 }] } };
    const { client: open } = await cloud(
      () => [
        { kind: 'raw', message: { meta_data: schema } },
        { kind: 'raw', message: { data: { batch } } },
      ],
      true,
    );
    expect(await failure(run(open()))).toMatchObject({
      code: 'KG_PIXIE_PROTOCOL',
      message: expect.stringContaining('PIXIE_ENCRYPTION') as string,
    });
  }, 120_000);

  it('trusts nobody but the authority that it was given', async () => {
    const { client: open } = await cloud(() => [], false);
    const { ca } = await makeCertificates(temporaryFolder());
    for (const other of [ca, null]) {
      expect(await failure(run(open({ ca: other })))).toMatchObject({
        code: 'KG_UNREACHABLE',
        message: expect.stringMatching(/certificate/) as string,
      });
    }
  });

  it('says that a key is wrong, and never the key', async () => {
    const { client: open } = await cloud(() => [], false);
    const wrong = open({ apiKey: `${KEY}-not` });
    expect((await failure(wrong.clusterInfo(never))).code).toBe('KG_FORBIDDEN');
    expect((await failure(run(wrong))).code).toBe('KG_FORBIDDEN');
  });

  it('says that a cluster is unknown, or not healthy', async () => {
    const { client: open } = await cloud(() => [], false);
    const other = open({ clusterId: '00000000-0000-4000-8000-000000000001' });
    expect((await failure(other.clusterInfo(never))).code).toBe('KG_NOT_FOUND');
    expect((await failure(run(other))).message).toContain('failed to fetch creds for cluster');

    const unhealthy = await server(() => [], { clusters: [{ ...CLUSTER, status: 'UNHEALTHY' }] });
    const pixie = client({ ...valueOf(directAddress(unhealthy.url)), clusterId: CLUSTER.id });
    expect(await pixie.clusterInfo(never)).toMatchObject({ status: 'UNHEALTHY' });
    expect(await failure(run(pixie))).toMatchObject({
      code: 'KG_UNREACHABLE',
      message: expect.stringContaining('not in a healthy state') as string,
    });
  });

  it('says that nobody answers', async () => {
    const pixie = direct('127.0.0.1:1');
    expect((await failure(run(pixie))).code).toBe('KG_UNREACHABLE');
  });

  it('says line and column of a script that does not compile', async () => {
    const pixie = await answering({
      kind: 'compileError',
      line: 12,
      column: 5,
      message: "no attribute 'ctxx'",
    });
    expect(await failure(run(pixie))).toMatchObject({
      code: 'KG_PIXIE_SCRIPT',
      message: "Pixie script cpu_throttle_detector: does not compile: line 12, column 5: no attribute 'ctxx'",
    });
  });

  it('says what Pixie refuses with a status', async () => {
    const pixie = await answering({ kind: 'status', code: Code.INVALID_ARGUMENT, message: 'no such table' });
    expect(await failure(run(pixie))).toMatchObject({
      code: 'KG_PIXIE_SCRIPT',
      message: expect.stringContaining('no such table') as string,
    });
  });
});

describe('a stream that breaks the protocol', () => {
  const cases: readonly (readonly [what: string, steps: readonly Step[], says: string])[] = [
    ['ends without eos', [TABLE, rows(1)], "the stream ended before table 'cpu_throttle' did"],
    [
      'has a batch with too few columns',
      [TABLE, { kind: 'rows', table: 'cpu_throttle', rows: [cellsOf(1).slice(0, 4)] }, EOS],
      'a batch has 4 columns, its table has 6',
    ],
    [
      'tells a table twice',
      [
        { ...TABLE, id: 'a' },
        { ...TABLE, id: 'a' },
      ],
      'announced twice',
    ],
    ['has rows after the end', [TABLE, EOS, rows(1)], 'after the end of table'],
    [
      'has rows of an unknown table',
      [{ kind: 'raw', message: { data: { batch: { table_id: 'ghost', num_rows: 0 } } } }],
      "unknown table id 'ghost'",
    ],
    [
      'has a type that is not the one it told',
      [
        { ...TABLE, id: 'a' },
        {
          kind: 'raw',
          message: {
            data: {
              batch: {
                table_id: 'a',
                num_rows: 1,
                cols: COLUMNS.map(() => ({ boolean_data: { data: [true] } })),
              },
            },
          },
        },
      ],
      "column 'time_' is TIME64NS in its table, BOOLEAN in a batch",
    ],
    [
      'is encrypted, unasked',
      [{ kind: 'raw', message: { data: { encrypted_batch: Buffer.from('x') } } }],
      'encrypted, unasked',
    ],
  ];
  it.each(cases)('%s', async (_what, steps, says) => {
    expect(await failure(run(await answering(...steps)))).toMatchObject({
      code: 'KG_PIXIE_PROTOCOL',
      message: expect.stringContaining(says) as string,
    });
  });
});

describe('a stream that is cut', () => {
  const noPause = { pause: () => Promise.resolve() };

  it.each(['stream', 'silent', 'connection'] as const)(
    '(%s) is gone on with, and no row comes twice',
    async (way) => {
      const pem = await server(() => [
        TABLE,
        rows(0, 1),
        cut(way),
        rows(2),
        cut(way),
        cut(way),
        rows(3, 4),
        EOS,
        STATS,
      ]);
      const { stats, rows: read } = await run(direct(pem.url, noPause));
      expect(read).toEqual(upTo(5).map(rowOf));
      expect(stats).toMatchObject({ rows: 5, resumes: 3, executionMs: 2.5 });
      expect(pem.received.map(({ query, queryId }) => [query !== '', queryId])).toEqual([
        [true, ''],
        [false, stats.queryId],
        [false, stats.queryId],
        [false, stats.queryId],
      ]);
    },
  );

  it('may tell its tables again, if they are the same', async () => {
    const table = { ...TABLE, id: 'a' } as const;
    const again = await server(() => [table, rows(0), cut(), table, rows(1), EOS]);
    expect((await run(direct(again.url, noPause))).rows).toEqual([rowOf(0), rowOf(1)]);
    const other = await server(() => [table, rows(0), cut(), { ...table, columns: COLUMNS.slice(1) }]);
    expect((await failure(run(direct(other.url, noPause)))).message).toContain('another one after a cut');
  });

  it('is given up after five times', async () => {
    const pem = await server(() => [TABLE, ...upTo(9).flatMap((at) => [rows(at), cut()]), EOS]);
    expect((await failure(run(direct(pem.url, noPause)))).code).toBe('KG_UNREACHABLE');
    expect(pem.received).toHaveLength(6);
  });

  it('is given up when it never had a name, or Pixie forgot it', async () => {
    const nameless = await server(() => [cut()]);
    expect((await failure(run(direct(nameless.url, noPause)))).code).toBe('KG_UNREACHABLE');
    expect(nameless.received).toHaveLength(1);
    const message = { query_id: '1fae01a7-0000-4000-8000-000000000000' };
    const forgotten = await server(() => [{ kind: 'raw', message }, cut()]);
    expect(await failure(run(direct(forgotten.url, noPause)))).toMatchObject({
      code: 'KG_UNREACHABLE',
      message: expect.stringContaining('to resume') as string,
    });
  });
});

describe('probes', () => {
  const pending = {
    kind: 'mutation',
    code: Code.UNAVAILABLE,
    message: 'probe installation in progress',
  } as const;

  /** A PEM whose probes are ready at the given try. */
  async function readyAt(ready: number, state = 'PENDING') {
    let tries = 0;
    const states = [{ id: 'x', state, name: 'kernel_gossip_throttle_v1' }];
    const pem = await server(() => {
      tries += 1;
      return tries < ready
        ? [{ ...pending, states }]
        : [{ kind: 'mutation', code: 0, message: '' }, ...tableOf('cpu_throttle', COLUMNS, [cellsOf(1)])];
    });
    const pauses: number[] = [];
    const pixie = direct(pem.url, {
      pause: (milliseconds) => {
        pauses.push(milliseconds);
        return Promise.resolve();
      },
    });
    return { pem, pixie, pauses };
  }

  it('are waited for', async () => {
    const { pem, pixie, pauses } = await readyAt(5);
    expect((await run(pixie, { mutation: true })).rows).toEqual([rowOf(1)]);
    expect(pauses).toEqual([5000, 5000, 5000, 5000]);
    expect(
      pem.received.every(({ mutation, query, queryId }) => mutation && query !== '' && queryId === ''),
    ).toBe(true);
  });

  it('are not waited for for ever', async () => {
    const { pem, pixie } = await readyAt(6);
    expect(await failure(run(pixie, { mutation: true }))).toMatchObject({
      code: 'KG_UNREACHABLE',
      message: expect.stringContaining('probe installation in progress') as string,
    });
    expect(pem.received).toHaveLength(5);
  });

  it('that failed are named at once', async () => {
    const { pem, pixie } = await readyAt(6, 'FAILED');
    expect(await failure(run(pixie, { mutation: true }))).toMatchObject({
      code: 'KG_PIXIE_SCRIPT',
      message: expect.stringContaining('kernel_gossip_throttle_v1') as string,
    });
    expect(pem.received).toHaveLength(1);
  });
});

describe('many rows', () => {
  const BATCH = 1000;
  function* batches(count: number): Generator<Step> {
    yield TABLE;
    const batch = rows(...upTo(BATCH));
    for (let at = 0; at < count; at += 1) yield batch;
    yield EOS;
  }

  it('come one batch at a time, in bounded memory', async () => {
    const pem = await server(() => batches(1000));
    let atOnce = 0;
    let most = 0;
    let count = 0;
    let peak = 0;
    const before = process.memoryUsage().rss;
    await direct(pem.url).execute(
      request({ maxRows: 1_000_000, deadlineMs: 300_000 }),
      async ({ rows: read }) => {
        most = Math.max(most, (atOnce += 1));
        count += read.length;
        if (count % 100_000 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        peak = Math.max(peak, process.memoryUsage().rss);
        atOnce -= 1;
      },
      never,
    );
    expect([count, most]).toEqual([1_000_000, 1]);
    // The server is in this process too. All rows at once would be more than 500 MB.
    expect(peak - before).toBeLessThan(300 * 1024 * 1024);
  }, 300_000);

  it('wait at the server while nobody takes them', async () => {
    let sent = 0;
    const pem = await server(function* () {
      for (const step of batches(10_000)) {
        sent += 1;
        yield step;
      }
    });
    const stop = new AbortController();
    let heldAt = 0;
    const work = direct(pem.url).execute(
      request({ maxRows: 1e9 }),
      async () => {
        await expect
          .poll(
            () => {
              const still = sent === heldAt;
              heldAt = sent;
              return still;
            },
            { interval: 300, timeout: 30_000 },
          )
          .toBe(true);
        stop.abort(new Error('enough'));
      },
      stop.signal,
    );
    await expect(work).rejects.toThrow('enough');
    // About 60 kB each: sixteen wait here, the rest fills windows and buffers of the connection.
    expect(heldAt).toBeLessThan(300);
  });

  it('end with an error where they are too many', async () => {
    const pixie = direct((await server(() => batches(10))).url);
    let taken = 0;
    const work = pixie.execute(
      request({ maxRows: 2500 }),
      ({ rows: read }) => {
        taken += read.length;
        return Promise.resolve();
      },
      never,
    );
    expect(await failure(work)).toMatchObject({
      code: 'KG_PIXIE_SCRIPT',
      message: 'Pixie script cpu_throttle_detector: more than 2500 rows',
    });
    expect(taken).toBe(2000);
  });
});

describe('an endless stream', () => {
  async function endless() {
    let ended: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (ended = resolve));
    const pem = await server(async function* (): AsyncGenerator<Step> {
      try {
        yield TABLE;
        for (;;) {
          yield rows(0);
          yield await Promise.resolve<Step>({ kind: 'wait', ms: 5 });
        }
      } finally {
        ended();
      }
    });
    return { pixie: direct(pem.url), gone };
  }

  it('ends at its deadline, at the server too', async () => {
    const { pixie, gone } = await endless();
    expect(await failure(run(pixie, { deadlineMs: 300, maxRows: 1e9 }))).toMatchObject({
      code: 'KG_UNREACHABLE',
      message: 'Pixie script cpu_throttle_detector: no end within 300 ms',
    });
    await gone;
  });

  it('ends when the caller wants it, with the reason of the caller', async () => {
    const { pixie, gone } = await endless();
    const stop = new AbortController();
    let batches = 0;
    const work = pixie.execute(
      request({ maxRows: 1e9 }),
      () => {
        batches += 1;
        if (batches === 3) stop.abort(new Error('shutting down'));
        return Promise.resolve();
      },
      stop.signal,
    );
    await expect(work).rejects.toThrow('shutting down');
    expect(batches).toBe(3);
    await gone;
  });

  it('ends when its rows cannot be taken, with that error', async () => {
    const { pixie, gone } = await endless();
    const work = pixie.execute(request(), () => Promise.reject(new Error('the store is away')), never);
    await expect(work).rejects.toThrow('the store is away');
    await gone;
  });

  it('is not begun when the caller is gone already', async () => {
    const pem = await server(() => []);
    await expect(run(direct(pem.url), {}, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    await expect(direct(pem.url).clusterInfo(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(pem.received).toHaveLength(0);
  });
});

describe('a connection that went silent', () => {
  /** A way to the server that can swallow all that goes over the connections it has. */
  async function swallowing(port: number) {
    const sockets: Socket[] = [];
    const proxy = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
      near.pipe(far).pipe(near);
      sockets.push(near, far);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => {
      sockets.forEach((socket) => socket.destroy());
      proxy.close();
    });
    return {
      url: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      swallow: () => sockets.forEach((socket) => socket.unpipe().resume()),
    };
  }

  it('is left after the first deadline that it broke', async () => {
    const pem = await server(() => tableOf('cpu_throttle', COLUMNS, [cellsOf(1)]));
    const way = await swallowing(pem.port);
    const pixie = direct(way.url);
    expect((await run(pixie)).rows).toEqual([rowOf(1)]);
    way.swallow();
    expect((await failure(run(pixie, { deadlineMs: 500 }))).message).toContain('no end within');
    expect((await run(pixie)).rows).toEqual([rowOf(1)]);
  });

  it('is left too when the cluster is asked about', async () => {
    const far = await server(() => [], { clusters: [CLUSTER] });
    const way = await swallowing(far.port);
    const pixie = client({ ...valueOf(directAddress(way.url)), clusterId: CLUSTER.id });
    expect(await pixie.clusterInfo(never)).toMatchObject({ name: 'prod-eu' });
    way.swallow();
    expect((await failure(pixie.clusterInfo(never))).code).toBe('KG_UNREACHABLE');
    expect(await pixie.clusterInfo(never)).toMatchObject({ name: 'prod-eu' });
  }, 60_000);

  it('is waited for no longer than the caller wants', async () => {
    const way = await swallowing(1);
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const mute = await swallowing((silent.address() as AddressInfo).port);
    for (const [url, clusterId] of [
      [way.url, 'localhost'],
      [mute.url, 'localhost'],
      [mute.url, CLUSTER.id],
    ] as const) {
      const stop = new AbortController();
      const asked = client({ ...valueOf(directAddress(url)), clusterId }).clusterInfo(stop.signal);
      stop.abort(new Error('enough'));
      await expect(asked).rejects.toThrow('enough');
    }
  });
});
