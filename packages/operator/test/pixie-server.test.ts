import { generateKeyPairSync } from 'node:crypto';
import {
  Client,
  credentials,
  Metadata,
  status,
  type ChannelCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { compactDecrypt } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  makeCertificates,
  startPixieServer,
  tableOf,
  type Column,
  type FakeCluster,
  type PixieServer,
  type PixieServerOptions,
  type Step,
} from './support/pixie-server/index.ts';
import { temporaryFolder } from './support/running-operator.ts';

const EXECUTE = '/px.api.vizierpb.VizierService/ExecuteScript';
const HEALTH = '/px.api.vizierpb.VizierService/HealthCheck';
const CLUSTERS = '/px.cloudapi.VizierClusterInfo/GetClusterInfo';

const CLUSTER_ID = '01020304-0506-0708-090a-0b0c0d0e0f10';
const cluster = (changes: Partial<FakeCluster> = {}): FakeCluster => ({
  id: CLUSTER_ID,
  name: 'shop',
  status: 'HEALTHY',
  ...changes,
});

/** Bytes of a message, by hand: a field with its wire type 2 (a length follows) or 0 (a varint follows). */
const field = (number: number, content: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(bytes.length)), bytes]);
};
const figure = (number: number, value: bigint): Buffer =>
  Buffer.concat([Buffer.from([number << 3]), varint(value)]);
const varint = (value: bigint): Buffer => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
};
const message = (...fields: readonly Uint8Array[]): Buffer => Buffer.concat(fields);

const started = async (options: PixieServerOptions): Promise<PixieServer> => {
  const server = await startPixieServer(options);
  onTestFinished(() => server.close());
  return server;
};

const playing = (...steps: readonly Step[]): Promise<PixieServer> => started({ scripts: () => steps });

const clientOf = ({ url }: PixieServer, security: ChannelCredentials = credentials.createInsecure()) => {
  const client = new Client(url, security);
  onTestFinished(() => client.close());
  return client;
};

const bytes = (value: Buffer): Buffer => value;

interface Answer {
  readonly messages: readonly Buffer[];
  readonly code: number;
  readonly details: string;
}

/** Sends raw bytes and collects raw bytes; the definitions under test have no part in it. */
const execute = (
  client: Client,
  request: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  new Promise((resolve) => {
    const messages: Buffer[] = [];
    const metadata = Metadata.fromHttp2Headers(headers);
    const call = client.makeServerStreamRequest(EXECUTE, bytes, bytes, Buffer.from(request), metadata);
    call.on('data', (each: Buffer) => messages.push(each));
    call.on('error', () => undefined);
    call.on('status', ({ code, details }) => resolve({ messages, code, details }));
  });

const unary = (client: Client, path: string, request: Uint8Array, headers = {}) =>
  new Promise<Buffer>((resolve, reject) => {
    const metadata = Metadata.fromHttp2Headers(headers);
    client.makeUnaryRequest(path, bytes, bytes, Buffer.from(request), metadata, (error, value) => {
      if (error === null && value !== undefined) resolve(value);
      else reject(error ?? new Error('no answer'));
    });
  });

const query = (text: string): Buffer => field(1, text);
const TIME: Column = { name: 'time_', type: 'TIME64NS' };

/** The query id that the server gave, from the first message: field 2, 36 characters. */
const queryIdOf = ({ messages }: Answer): string => messages[0]!.subarray(2, 38).toString();

describe('the bytes of an answer', () => {
  it('reads each field of a request by its number', async () => {
    const server = await playing();
    const encryption = message(
      field(1, 'a key'),
      field(2, 'RSA-OAEP-256'),
      field(3, 'A256GCM'),
      field(4, 'none'),
    );
    const request = message(
      query('import px'),
      field(3, CLUSTER_ID),
      figure(5, 1n),
      field(6, encryption),
      field(10, 'a script'),
    );

    const answer = await execute(clientOf(server), request, {
      'pixie-api-key': 'k',
      'pixie-api-client': 'c',
    });

    expect(answer.code).toBe(status.INVALID_ARGUMENT);
    expect(server.received).toEqual([
      {
        clusterId: CLUSTER_ID,
        query: 'import px',
        queryId: '',
        mutation: true,
        encryption: {
          jwkKey: 'a key',
          keyAlg: 'RSA-OAEP-256',
          contentAlg: 'A256GCM',
          compressionAlg: 'none',
        },
        apiKey: 'k',
        apiClient: 'c',
        name: 'a script',
      },
    ]);
  });

  it('writes metadata with a column of each type', async () => {
    const columns: readonly Column[] = [
      { name: 'b', type: 'BOOLEAN' },
      { name: 'i', type: 'INT64' },
      { name: 'u', type: 'UINT128' },
      { name: 'f', type: 'FLOAT64' },
      { name: 's', type: 'STRING' },
      { name: 't', type: 'TIME64NS' },
    ];
    const answer = await execute(
      clientOf(await playing({ kind: 'table', name: 'all', columns, id: 'T' })),
      query('x'),
    );

    const infos = columns.map(({ name }, index) =>
      field(1, message(field(1, name), figure(2, BigInt(index + 1)))),
    );
    const metadata = message(field(1, message(...infos)), field(2, 'all'), field(3, 'T'));
    expect(answer.messages).toEqual([message(field(2, queryIdOf(answer)), field(4, metadata))]);
    expect(answer.code).toBe(status.OK);
  });

  it('writes cells of each type, and 64 bits of them', async () => {
    const columns: readonly Column[] = [
      { name: 'b', type: 'BOOLEAN' },
      { name: 'i', type: 'INT64' },
      { name: 'u', type: 'UINT128' },
      TIME,
      { name: 'f', type: 'FLOAT64' },
      { name: 's', type: 'STRING' },
    ];
    const now = 1_700_000_000_123_456_789n;
    const server = await playing(
      { kind: 'table', name: 'all', columns, id: 'T' },
      {
        kind: 'rows',
        table: 'all',
        rows: [
          [true, -1n, CLUSTER_ID, now, 1.5, 'é'],
          [false, 300, 5n, 0n, -2, Buffer.from([0xff])],
        ],
      },
      { kind: 'eos', table: 'all' },
    );

    const answer = await execute(clientOf(server), query('x'));

    const uint128 = (high: bigint, low: bigint) => field(1, message(figure(1, low), figure(2, high)));
    const doubles = Buffer.alloc(16);
    doubles.writeDoubleLE(1.5, 0);
    doubles.writeDoubleLE(-2, 8);
    const batch = message(
      field(1, field(1, field(1, Buffer.from([1, 0])))),
      field(1, field(2, field(1, message(varint(-1n), varint(300n))))),
      field(1, field(3, message(uint128(0x0102030405060708n, 0x090a0b0c0d0e0f10n), uint128(0n, 5n)))),
      field(1, field(4, field(1, message(varint(now), varint(0n))))),
      field(1, field(5, field(1, doubles))),
      field(1, field(6, message(field(1, 'é'), field(1, Buffer.from([0xff]))))),
      figure(2, 2n),
      figure(3, 0n),
      figure(4, 0n),
      field(5, 'T'),
    );
    const queryId = field(2, queryIdOf(answer));
    expect(answer.messages[1]).toEqual(message(queryId, field(3, field(1, batch))));

    const noCells = [1, 2, 3, 4, 5, 6].map((type) => field(1, field(type, '')));
    const end = message(...noCells, figure(2, 0n), figure(3, 1n), figure(4, 1n), field(5, 'T'));
    expect(answer.messages[2]).toEqual(message(queryId, field(3, field(1, end))));
  });

  it('leaves out the columns that rows do not have', async () => {
    const columns: readonly Column[] = [TIME, { name: 'n', type: 'INT64' }];
    const server = await playing(
      { kind: 'table', name: 'short', columns, id: 'T' },
      { kind: 'rows', table: 'short', rows: [[7n]], eos: true },
    );

    const answer = await execute(clientOf(server), query('x'));

    const batch = message(
      field(1, field(4, field(1, varint(7n)))),
      figure(2, 1n),
      figure(3, 1n),
      figure(4, 1n),
      field(5, 'T'),
    );
    expect(answer.messages[1]).toEqual(message(field(2, queryIdOf(answer)), field(3, field(1, batch))));
  });

  it('writes states of tracepoints, figures of the run, and what it is told to in the raw', async () => {
    const server = await playing(
      {
        kind: 'mutation',
        code: 14,
        message: 'wait',
        states: [{ id: 'P', state: 'RUNNING', name: 'probe' }],
      },
      { kind: 'stats', executionNs: 1n, compilationNs: 2, bytesProcessed: 3n, recordsProcessed: 2n ** 60n },
      { kind: 'raw', message: { data: { batch: { table_id: 'nobody', num_rows: 9n } } } },
    );

    const answer = await execute(clientOf(server), query('x'));

    const queryId = field(2, queryIdOf(answer));
    const told = message(figure(1, 14n), field(2, 'wait'));
    const states = message(field(1, 'P'), figure(2, 2n), field(3, 'probe'));
    const stats = message(
      field(1, message(figure(1, 1n), figure(2, 2n))),
      figure(2, 3n),
      figure(3, 2n ** 60n),
    );
    expect(answer.messages).toEqual([
      message(queryId, field(5, message(field(1, told), field(2, states)))),
      message(queryId, field(3, field(2, stats))),
      field(3, field(1, message(figure(2, 9n), field(5, 'nobody')))),
    ]);
  });

  it('says where a script does not compile, and ends the call with that', async () => {
    const server = await playing({ kind: 'compileError', line: 3, column: 14, message: 'no such table' });

    const answer = await execute(clientOf(server), query('x'));

    const error = message(figure(1, 3n), figure(2, 14n), field(3, 'no such table'));
    const told = message(figure(1, 3n), field(4, field(1, error)));
    expect(answer.messages).toEqual([message(field(1, told), field(2, answer.messages[0]!.subarray(-36)))]);
    expect(answer).toMatchObject({ code: status.INVALID_ARGUMENT, details: 'no such table' });
  });

  it('says that tracepoints are being installed, and ends the call with that', async () => {
    const pending: Step = { kind: 'mutation', code: 14, message: 'probe installation in progress' };

    expect(await execute(clientOf(await playing(pending)), query('x'))).toMatchObject({
      code: status.UNAVAILABLE,
      details: 'probe installation in progress',
    });
  });

  it('tells the test when its play is wrong', async () => {
    const server = await playing({ kind: 'rows', table: 'unheard', rows: [[1n]] });

    const answer = await execute(clientOf(server), query('x'));

    expect(answer.code).toBe(status.UNKNOWN);
    expect(answer.details).toContain('rows of unheard before its table step');
  });
});

describe('clusters', () => {
  const guarded = (clusters: readonly FakeCluster[]) =>
    started({ apiKey: 'right', clusters, scripts: () => [] });
  const key = { 'pixie-api-key': 'right' };
  const about = (id: string): Buffer => message(query('x'), field(3, id));

  it('lists them, or the one asked for, or none', async () => {
    const server = await guarded([
      cluster({
        status: 'DEGRADED',
        statusMessage: 'a PEM is away',
        vizierVersion: '0.14.15',
        nodes: 3,
        instrumentedNodes: 2,
        heartbeatAgeNs: 900n,
      }),
    ]);
    const client = clientOf(server);
    const uuid = message(figure(2, 0x0102030405060708n), figure(3, 0x090a0b0c0d0e0f10n));
    const info = message(
      field(1, uuid),
      figure(2, 7n),
      figure(3, 900n),
      field(6, 'shop'),
      field(8, '0.14.15'),
      field(9, 'shop'),
      figure(11, 3n),
      figure(12, 2n),
      field(13, 'a PEM is away'),
    );

    expect(await unary(client, CLUSTERS, Buffer.alloc(0), key)).toEqual(field(1, info));
    expect(await unary(client, CLUSTERS, field(1, uuid), key)).toEqual(field(1, info));
    expect(await unary(client, CLUSTERS, field(1, figure(3, 1n)), key)).toEqual(Buffer.alloc(0));
  });

  it('lets nobody in without the right key', async () => {
    const server = await guarded([cluster()]);
    const client = clientOf(server);

    await expect(unary(client, CLUSTERS, Buffer.alloc(0))).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    expect((await execute(client, about(CLUSTER_ID), { 'pixie-api-key': 'wrong' })).code).toBe(
      status.UNAUTHENTICATED,
    );
    expect((await execute(client, about(CLUSTER_ID), key)).code).toBe(status.OK);
    expect(server.received.map(({ apiKey }) => apiKey)).toEqual(['wrong', 'right']);
  });

  it('runs scripts only on a cluster that is there and well', async () => {
    const changing = cluster();
    const client = clientOf(await guarded([changing]));
    const run = (id: string) => execute(client, about(id), key);

    expect(await run('shop')).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'missing/malformed cluster_id',
    });
    expect((await run('ffffffff-0506-0708-090a-0b0c0d0e0f10')).code).toBe(status.INTERNAL);
    changing.status = 'UNHEALTHY';
    expect(await run(CLUSTER_ID)).toMatchObject({
      code: status.UNAVAILABLE,
      details: 'cluster is not in a healthy state',
    });
    changing.status = 'DEGRADED';
    expect((await run(CLUSTER_ID)).code).toBe(status.OK);
  });

  it('has no list of clusters when it is a standalone PEM', async () => {
    const client = clientOf(await playing());

    await expect(unary(client, CLUSTERS, Buffer.alloc(0))).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });

  it('tells its health until the caller hangs up', async () => {
    const client = clientOf(await guarded([cluster()]));
    const call = client.makeServerStreamRequest(
      HEALTH,
      bytes,
      bytes,
      field(1, CLUSTER_ID),
      Metadata.fromHttp2Headers(key),
    );
    const ended = new Promise<ServiceError>((resolve) => call.once('error', resolve));

    expect(await new Promise((resolve) => call.once('data', resolve))).toEqual(field(1, figure(1, 0n)));
    call.cancel();
    expect((await ended).code).toBe(status.CANCELLED);
  });
});

describe('a call that breaks off', () => {
  const rows = (value: bigint): Step => ({ kind: 'rows', table: 't', rows: [[value]] });
  const table: Step = { kind: 'table', name: 't', columns: [TIME], id: 'T' };

  it.each([
    ['stream', status.INTERNAL, 'RST_STREAM'],
    ['silent', status.INTERNAL, 'RST_STREAM'],
    ['connection', status.UNAVAILABLE, ''],
  ] as const)(
    'is cut by %s after all that was sent, and goes on when resumed',
    async (way, code, details) => {
      const server = await playing(table, rows(1n), { kind: 'cut', way }, rows(2n), {
        kind: 'eos',
        table: 't',
      });
      const client = clientOf(server);

      const before = await execute(client, query('x'));
      const id = queryIdOf(before);
      const after = await execute(client, field(7, id));

      expect(before.messages).toHaveLength(2);
      expect(before.code).toBe(code);
      expect(before.details).toContain(details);
      expect(after.messages).toHaveLength(2);
      expect(queryIdOf(after)).toBe(id);
      expect(after.code).toBe(status.OK);
      expect(server.received.map((script) => [script.query, script.queryId])).toEqual([
        ['x', ''],
        ['', id],
      ]);
      expect((await execute(client, field(7, id))).code).toBe(status.INVALID_ARGUMENT);
    },
  );

  it('stops a play whose caller has gone', async () => {
    let stopped = (): void => undefined;
    const end = new Promise<void>((resolve) => (stopped = resolve));
    const endless = function* (): Generator<Step> {
      try {
        yield table;
        for (;;) yield { kind: 'wait', ms: 5 };
      } finally {
        stopped();
      }
    };
    const client = clientOf(await started({ scripts: endless }));

    const call = client.makeServerStreamRequest(EXECUTE, bytes, bytes, query('x'));
    call.on('error', () => undefined);
    call.once('data', () => call.cancel());

    await expect(end).resolves.toBeUndefined();
  });
});

it('makes no more rows than a slow caller takes', async () => {
  const manyRows = Array.from({ length: 1000 }, (_, index) => [BigInt(index)]);
  const batches = 1000;
  let made = 0;
  const million = function* (): Generator<Step> {
    yield { kind: 'table', name: 't', columns: [{ name: 's', type: 'INT64' }] };
    for (; made < batches; made += 1) yield { kind: 'rows', table: 't', rows: manyRows };
  };
  const client = clientOf(await started({ scripts: million }));
  const call = client.makeServerStreamRequest(EXECUTE, bytes, bytes, query('x'));

  await new Promise((resolve) => call.once('data', resolve));
  call.pause();
  let before = -1;
  while (made > before) {
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const whilePaused = made;
  let taken = 0;
  for await (const batch of call) taken += (batch as Buffer).length > 0 ? 1 : 0;

  expect(whilePaused).toBeLessThan(batches / 2);
  expect(taken).toBe(batches);
});

describe('what only the caller may read', () => {
  it('is encrypted to the key of the caller', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const encryption = message(
      field(1, JSON.stringify(publicKey.export({ format: 'jwk' }))),
      field(2, 'RSA-OAEP-256'),
      field(3, 'A256GCM'),
      field(4, 'DEF'),
    );
    const steps = tableOf('t', [TIME], [[42n]]);
    const client = clientOf(await playing(...steps));

    const answer = await execute(client, message(query('x'), field(6, encryption)));

    const head = field(2, queryIdOf(answer)).length;
    const sealed = answer.messages[1]!;
    const start = sealed.indexOf('eyJ', head);
    expect(sealed.subarray(head)).toEqual(field(3, field(3, sealed.subarray(start))));

    const { plaintext, protectedHeader } = await compactDecrypt(sealed.subarray(start), privateKey);
    const time = field(1, field(4, field(1, varint(42n))));
    expect(protectedHeader).toEqual({ alg: 'RSA-OAEP-256', enc: 'A256GCM', zip: 'DEF' });
    expect(Buffer.from(plaintext).subarray(0, time.length)).toEqual(time);
  });

  it('goes over TLS, with a certificate of a private authority', async () => {
    const { ca, cert, key } = await makeCertificates(temporaryFolder());
    const server = await started({ tls: { cert, key }, scripts: () => [] });

    const trusting = clientOf(server, credentials.createSsl(Buffer.from(ca)));
    const doubting = clientOf(server, credentials.createSsl());

    expect((await execute(trusting, query('x'))).code).toBe(status.OK);
    expect((await execute(doubting, query('x'))).code).toBe(status.UNAVAILABLE);
  });
});
