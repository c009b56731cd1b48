import { once } from 'node:events';
import { connect } from 'node:http2';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { load, type ServiceDefinition } from '@grpc/proto-loader';
import { SpanKind, ValueType, type Attributes } from '@opentelemetry/api';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import { left, right } from 'fp-ts/lib/Either.js';
import { observationOf } from 'kernel-gossip-pxl-scripts';
import { KernelGossipError } from 'kernel-gossip-types';
import { parse } from 'protobufjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pipeline } from '../bench/pipeline.ts';
import { admitAnyone } from '../src/authn/authenticate.ts';
import { takeObservations } from '../src/intake/intake.ts';
import { startOtlpReceiver, type OtlpOptions } from '../src/intake/otlp/otlp-receiver.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { statusAt } from './support/status-at.ts';

type Item = Readonly<Record<string, unknown>>;

interface Running {
  readonly grpc: string;
  readonly http: string;
  /** What the intake was given. */
  readonly items: Item[];
  /** Data points and spans, as `metrics accepted`. */
  readonly counts: Map<string, number>;
  readonly failures: unknown[];
  readonly close: () => Promise<void>;
}

/** A receiver in front of an intake that takes everything, unless a test says otherwise. */
async function running(changes: Partial<OtlpOptions> = {}): Promise<Running> {
  const items: Item[] = [];
  const counts = new Map<string, number>();
  const failures: unknown[] = [];
  const receiver = await startOtlpReceiver({
    grpcPort: 0,
    httpPort: 0,
    host: '127.0.0.1',
    authenticate: admitAnyone,
    observationOf,
    take: (taken) => {
      items.push(...(taken as readonly Item[]));
      return Promise.resolve({ status: 202, answer: { accepted: taken.length, rejected: [], error: null } });
    },
    count: (signal, result, n) => {
      counts.set(`${signal} ${result}`, (counts.get(`${signal} ${result}`) ?? 0) + n);
    },
    onFailure: (error) => failures.push(error),
    ...changes,
  });
  onTestFinished(() => receiver.close());
  return {
    grpc: `127.0.0.1:${receiver.grpcPort}`,
    http: `http://127.0.0.1:${receiver.httpPort}`,
    items,
    counts,
    failures,
    close: () => receiver.close(),
  };
}

const secondsAgo = (seconds: number): bigint => BigInt(Date.now() - seconds * 1000) * 1_000_000n;

const POD = {
  'k8s.namespace.name': 'shop',
  'k8s.pod.name': 'web-1',
  'k8s.container.name': 'app',
  'k8s.node.name': 'node-1',
};

/** A throttled container as `cpu_throttle_detector` exports it: 540 of 600 periods, half a second withheld each second. */
const throttleColumns = (): Readonly<Record<string, bigint>> => ({
  first_time: secondsAgo(60),
  quota_ns: 50_000_000n,
  period_ns: 100_000_000n,
  nr_periods_first: 1000n,
  nr_periods_last: 1600n,
  nr_throttled_first: 100n,
  nr_throttled_last: 640n,
  throttled_ns_first: 9_007_199_254_740_993n,
  throttled_ns_last: 9_007_229_254_740_993n,
  cpu_ns: 29_000_000_000n,
  cpu_window_ns: 60_000_000_000n,
});

const EXPECTED_THROTTLE = {
  type: 'cpu_throttle',
  pod_name: 'web-1',
  namespace: 'shop',
  container_name: 'app',
  node_name: 'node-1',
  source: 'pixie/otlp',
  throttle_percentage: 90,
  nr_periods: 600,
  nr_throttled: 540,
  throttled_seconds: 30,
  limit_cores: 0.5,
};

const metricExporters = {
  'grpc, gzip': ({ grpc }) =>
    new GrpcMetrics({ url: `http://${grpc}`, compression: CompressionAlgorithm.GZIP }),
  'http, protobuf': ({ http }) => new ProtobufMetrics({ url: `${http}/v1/metrics` }),
  'http, protobuf, gzip': ({ http }) =>
    new ProtobufMetrics({ url: `${http}/v1/metrics`, compression: CompressionAlgorithm.GZIP }),
  'http, json': ({ http }) => new JsonMetrics({ url: `${http}/v1/metrics` }),
} as const satisfies Readonly<Record<string, (receiver: Running) => PushMetricExporter>>;

const traceExporters = {
  'grpc, gzip': ({ grpc }) =>
    new GrpcTraces({ url: `http://${grpc}`, compression: CompressionAlgorithm.GZIP }),
  'http, protobuf': ({ http }) => new ProtobufTraces({ url: `${http}/v1/traces` }),
  'http, json, gzip': ({ http }) =>
    new JsonTraces({ url: `${http}/v1/traces`, compression: CompressionAlgorithm.GZIP }),
} as const satisfies Readonly<Record<string, (receiver: Running) => SpanExporter>>;

const at = (ns: bigint): [number, number] => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];

/** Hands figures to an official exporter as its SDK does. */
async function exportMetrics(exporter: PushMetricExporter, metrics: ResourceMetrics): Promise<string> {
  const result = await new Promise<{ code: number; error?: Error }>((resolve) => {
    exporter.export(metrics, resolve);
  });
  await exporter.shutdown();
  return result.code === 0 ? 'ok' : (result.error?.message ?? 'failed');
}

/** One row, taken apart as `px.export` does it. */
const exported = (
  table: string,
  columns: Readonly<Record<string, bigint>>,
  resource: Attributes,
  timeNs = secondsAgo(0),
): ResourceMetrics => ({
  resource: resourceFromAttributes({ 'service.name': 'kernel-gossip', ...resource }),
  scopeMetrics: [
    {
      scope: { name: '' },
      metrics: Object.entries(columns).map(([column, value]) => ({
        descriptor: {
          name: `kernel_gossip.${table}.${column}`,
          description: '',
          unit: '',
          type: InstrumentType.GAUGE,
          valueType: ValueType.INT,
          advice: {},
        },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPointType: DataPointType.GAUGE,
        dataPoints: [{ startTime: at(timeNs), endTime: at(timeNs), attributes: {}, value: Number(value) }],
      })),
    },
  ],
});

describe.each(Object.entries(metricExporters))('the official exporter of metrics by %s', (_name, make) => {
  it('delivers rows of our scripts', async () => {
    const receiver = await running();
    // JavaScript's SDK has floating point only; these fit.
    const columns = { ...throttleColumns(), throttled_ns_first: 0n, throttled_ns_last: 30_000_000_000n };
    const row = exported('cpu_throttle', columns, POD);
    expect(await exportMetrics(make(receiver), row)).toBe('ok');
    expect(receiver.items).toHaveLength(1);
    expect(receiver.items[0]).toMatchObject(EXPECTED_THROTTLE);
    expect(receiver.counts).toEqual(
      new Map([
        ['metrics accepted', 11],
        ['metrics rejected', 0],
        ['metrics ignored', 0],
      ]),
    );
  });

  it('delivers what its SDK measures, all of which is ignored', async () => {
    const receiver = await running();
    const provider = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter: make(receiver) })],
    });
    const meter = provider.getMeter('test');
    meter.createCounter('orders').add(3, { shop: 'north' });
    meter.createHistogram('latency').record(12);
    meter.createGauge('heat').record(1.5);
    await provider.shutdown();
    expect(receiver.counts.get('metrics ignored')).toBe(3);
    expect(receiver.items).toEqual([]);
  });
});

describe.each(Object.entries(traceExporters))('the official exporter of traces by %s', (_name, make) => {
  it('delivers requests', async () => {
    const receiver = await running();
    const provider = new TracerProvider({
      resource: resourceFromAttributes({
        ...POD,
        'k8s.pod.uid': '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11',
      }),
      spanProcessors: [new BatchSpanProcessor({ exporter: make(receiver) })],
    });
    const tracer = provider.getTracer('test');
    const begin = Date.now() - 60_000;
    for (let n = 1; n <= 100; n += 1) {
      const span = tracer.startSpan('GET', {
        kind: SpanKind.SERVER,
        startTime: begin + n,
        attributes: {
          'http.request.method': 'GET',
          'url.path': `/orders/${n}`,
          'http.response.status_code': n > 90 ? 503 : 200,
          'network.peer.address': '10.0.0.7',
        },
      });
      span.end(begin + n + n);
    }
    tracer.startSpan('internal').end();
    await provider.forceFlush();
    await provider.shutdown();
    expect(receiver.counts).toEqual(
      new Map([
        ['traces accepted', 100],
        ['traces rejected', 0],
        ['traces ignored', 1],
      ]),
    );
    const requests = {
      type: 'http_requests',
      pod_name: 'web-1',
      namespace: 'shop',
      pod_uid: '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11',
      source: 'otlp/spans',
      role: 'server',
      method: 'GET',
      path: '/orders/{id}',
      remote: '10.0.0.7',
    };
    expect(receiver.items).toHaveLength(2);
    expect(receiver.items).toContainEqual(
      expect.objectContaining({ ...requests, status: 200, requests: 90, p50_ms: 45, p90_ms: 81, p99_ms: 90 }),
    );
    expect(receiver.items).toContainEqual(
      expect.objectContaining({
        ...requests,
        status: 503,
        requests: 10,
        p50_ms: 95,
        p90_ms: 99,
        p99_ms: 100,
      }),
    );
  });
});

it('a row that is delivered becomes a whisper', async () => {
  const store = openSqliteStore('memory');
  onTestFinished(() => store.close());
  const { parts } = await pipeline(store);
  const receiver = await running({
    take: (items, sender) =>
      takeObservations(items, { sender, defaultSource: 'otlp', position: null }, parts),
  });
  const columns = { ...throttleColumns(), throttled_ns_first: 0n, throttled_ns_last: 30_000_000_000n };
  const exporter = metricExporters['grpc, gzip'](receiver);
  expect(await exportMetrics(exporter, exported('cpu_throttle', columns, POD))).toBe('ok');
  const [whisper] = await store.list('KernelWhisper');
  expect(whisper?.spec).toMatchObject({
    pod_name: 'web-1',
    namespace: 'shop',
    container_name: 'app',
    kind: 'cpu_throttle',
    source: { name: 'pixie/otlp', node_name: 'node-1' },
    throttled_percent: 90,
  });
});

describe('counters that a Collector sends as they stand', () => {
  const counters = (periods: number, timeNs: bigint): ResourceMetrics => ({
    resource: resourceFromAttributes(POD),
    scopeMetrics: [
      {
        scope: {
          name: 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/dockerstatsreceiver',
        },
        metrics: [
          ['container.cpu.throttling_data.periods', periods],
          ['container.cpu.throttling_data.throttled_periods', periods / 2],
          ['container.cpu.throttling_data.throttled_time', periods * 50_000_000],
          ['container.cpu.usage.total', periods * 10_000_000],
        ].map(([name, value]) => ({
          descriptor: {
            name: String(name),
            description: '',
            unit: '',
            type: InstrumentType.COUNTER,
            valueType: ValueType.INT,
            advice: {},
          },
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: [
            { startTime: at(1_000_000_000n), endTime: at(timeNs), attributes: {}, value: Number(value) },
          ],
        })),
      },
    ],
  });
  const send = (receiver: Running, periods: number, timeNs: bigint) =>
    exportMetrics(metricExporters['http, protobuf'](receiver), counters(periods, timeNs));

  it('are told of from the second time on, between each and the one before', async () => {
    const receiver = await running();
    await send(receiver, 1000, secondsAgo(30));
    expect(receiver.items).toEqual([]);
    await send(receiver, 1100, secondsAgo(20));
    await send(receiver, 1200, secondsAgo(10));
    expect(receiver.items).toHaveLength(2);
    expect(receiver.items[1]).toMatchObject({
      type: 'cpu_throttle',
      source: 'otlp/docker_stats',
      throttle_percentage: 50,
      nr_periods: 100,
      nr_throttled: 50,
      throttled_seconds: 5,
      limit_cores: null,
    });
    expect(receiver.counts.get('metrics accepted')).toBe(12);
  });

  it('count no time twice where the next ones come while the ones before are taken in', async () => {
    const letGo = Promise.withResolvers<undefined>();
    const taken: Item[] = [];
    const receiver = await running({
      take: async (items) => {
        taken.push(...(items as readonly Item[]));
        await letGo.promise;
        return { status: 202, answer: { accepted: items.length, rejected: [], error: null } };
      },
    });
    await send(receiver, 1000, secondsAgo(30));
    const one = send(receiver, 1100, secondsAgo(20));
    await expect.poll(() => taken).toHaveLength(1);
    const other = send(receiver, 1200, secondsAgo(10));
    await expect.poll(() => taken).toHaveLength(2);
    letGo.resolve(undefined);
    await Promise.all([one, other]);
    expect(taken.map(({ nr_periods: periods }) => periods)).toEqual([100, 100]);
  });

  it('that were reset count from there', async () => {
    const receiver = await running();
    await send(receiver, 1000, secondsAgo(30));
    await send(receiver, 100, secondsAgo(20));
    expect(receiver.items).toEqual([]);
    await send(receiver, 200, secondsAgo(10));
    expect(receiver.items[0]).toMatchObject({ nr_periods: 100 });
  });

  it('are not remembered before they were stored: sent again they count again', async () => {
    let isAway = false;
    const taken: unknown[] = [];
    const receiver = await running({
      take: (items) => {
        if (isAway) throw new KernelGossipError('KG_STORE_UNAVAILABLE', 'the store is away');
        taken.push(...items);
        return Promise.resolve({
          status: 202,
          answer: { accepted: items.length, rejected: [], error: null },
        });
      },
    });
    const timeNs = secondsAgo(20);
    await send(receiver, 1000, secondsAgo(30));
    isAway = true;
    const body = { ...jsonOf(counters(1100, timeNs)) };
    expect((await post(receiver, 'metrics', JSON.stringify(body))).status).toBe(503);
    isAway = false;
    expect((await post(receiver, 'metrics', JSON.stringify(body))).status).toBe(200);
    expect(taken).toHaveLength(1);
  });
});

/** What the official JSON exporter would send. */
const jsonOf = ({ resource, scopeMetrics }: ResourceMetrics): object => ({
  resourceMetrics: [
    {
      resource: {
        attributes: Object.entries(resource.attributes).map(([key, value]) => ({
          key,
          value: { stringValue: value as string },
        })),
      },
      scopeMetrics: scopeMetrics.map(({ metrics }) => ({
        metrics: metrics.map(({ descriptor, dataPointType, dataPoints }) => {
          const data = {
            dataPoints: dataPoints.map(({ startTime, endTime, value }) => ({
              startTimeUnixNano: nanos(startTime),
              timeUnixNano: nanos(endTime),
              asInt: String(value as number),
            })),
          };
          return dataPointType === DataPointType.SUM
            ? { name: descriptor.name, sum: { ...data, aggregationTemporality: 2, isMonotonic: true } }
            : { name: descriptor.name, gauge: data };
        }),
      })),
    },
  ],
});
const nanos = ([seconds, ns]: [number, number]): string =>
  String(BigInt(seconds) * 1_000_000_000n + BigInt(ns));

const post = (
  { http }: Running,
  signal: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
) =>
  fetch(`${http}/v1/${signal}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body as string,
  });

const { Export: ExportMetrics } = (
  await load('opentelemetry/proto/collector/metrics/v1/metrics_service.proto', {
    includeDirs: [new URL('../proto', import.meta.url).pathname],
  })
)['opentelemetry.proto.collector.metrics.v1.MetricsService'] as ServiceDefinition;
const PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const encoded = (request: object): Buffer => ExportMetrics!.requestSerialize(request);

interface GrpcAnswer {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata | null;
  readonly response: Record<string, unknown> | null;
}

/** One call with bytes of our choice, by gRPC's own client. */
async function call(
  { grpc }: Running,
  body: Uint8Array,
  { path = PATH, metadata = {}, gzip = false } = {},
): Promise<GrpcAnswer> {
  const options = gzip ? { 'grpc.default_compression_algorithm': 2, 'grpc.max_send_message_length': -1 } : {};
  const client = new Client(grpc, credentials.createInsecure(), options);
  const headers = new Metadata();
  Object.entries(metadata).forEach(([key, value]) => headers.set(key, value as string));
  const answer = await new Promise<GrpcAnswer>((resolve) => {
    client.makeUnaryRequest(
      path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => bytes,
      body,
      headers,
      (error: ServiceError | null, response) => {
        resolve(
          error === null
            ? {
                code: status.OK,
                details: '',
                metadata: null,
                response: ExportMetrics!.responseDeserialize(response!) as Record<string, unknown>,
              }
            : { code: error.code, details: error.details, metadata: error.metadata, response: null },
        );
      },
    );
  });
  client.close();
  return answer;
}

/** What gRPC's own definitions make of a google.rpc.Status. */
const { root: rpc } = parse(`syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }`);
const statusIn = (bytes: Uint8Array): object => rpc.lookupType('Status').decode(bytes).toJSON();

const small = (n: number): object => ({
  resource: { attributes: [{ key: 'k8s.pod.name', value: { stringValue: `web-${n}` } }] },
  scopeMetrics: [{ metrics: [{ name: 'up', gauge: { dataPoints: [{ timeUnixNano: '1', asInt: '1' }] } }] }],
});
const protobufType = { 'Content-Type': 'application/x-protobuf' };

describe('what is wrong', () => {
  const NOT_PROTOBUF = Buffer.from([0x0a, 0xff, 0xff, 0x01, 0x00]);

  it('is answered with why, in the sender’s format', async () => {
    const receiver = await running();
    const byGrpc = await call(receiver, NOT_PROTOBUF);
    expect(byGrpc).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('protobuf') as string,
    });
    const byHttp = await post(receiver, 'metrics', NOT_PROTOBUF, protobufType);
    expect([byHttp.status, byHttp.headers.get('Content-Type')]).toEqual([400, 'application/x-protobuf']);
    expect(statusIn(await byHttp.bytes())).toMatchObject({
      code: 3,
      message: expect.stringContaining('protobuf') as string,
    });
    for (const body of [
      '{',
      '[]',
      '"x"',
      '{"resourceMetrics":5}',
      '{"resourceMetrics":[{"scopeMetrics":[7]}]}',
    ]) {
      const byJson = await post(receiver, 'metrics', body);
      expect([byJson.status, byJson.headers.get('Content-Type')]).toEqual([400, 'application/json']);
      expect(await byJson.json()).toMatchObject({ code: 3, message: expect.any(String) as string });
    }
    expect(receiver.items).toEqual([]);
  });

  it('is told of single rows in a partial success, and the others are taken', async () => {
    const receiver = await running();
    const good = { ...throttleColumns() };
    const bad = { ...good, nr_periods_last: -5n };
    const request = (columns: Readonly<Record<string, bigint>>): object => {
      const json = jsonOf(exported('cpu_throttle', columns, POD)) as { resourceMetrics: object[] };
      return json.resourceMetrics[0]!;
    };
    const body = { resourceMetrics: [request(good), request(bad)] };
    const partialSuccess = {
      rejectedDataPoints: '11',
      errorMessage: expect.stringContaining('cpu_throttle: nr_periods_last') as string,
    };
    const byJson = await post(receiver, 'metrics', JSON.stringify(body));
    expect([byJson.status, await byJson.json()]).toEqual([200, { partialSuccess }]);
    const { code, response } = await call(receiver, encoded(body));
    expect(code).toBe(status.OK);
    expect(response).toMatchObject({ partialSuccess: { errorMessage: partialSuccess.errorMessage } });
    expect(receiver.items).toHaveLength(2);
    expect(receiver.counts.get('metrics rejected')).toBe(22);
  });

  it('is told of single rows that the intake refuses', async () => {
    const receiver = await running({
      take: () =>
        Promise.resolve({
          status: 400,
          answer: {
            accepted: 0,
            rejected: [{ index: 0, path: 'namespace', expected: 'a namespace of this cluster', got: 'shop' }],
            error: 'none of the observations was acceptable',
          },
        }),
    });
    const row = exported('cpu_throttle', throttleColumns(), POD);
    const answer = await post(receiver, 'metrics', JSON.stringify(jsonOf(row)));
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        partialSuccess: {
          rejectedDataPoints: '11',
          errorMessage: expect.stringContaining('namespace') as string,
        },
      },
    ]);
  });

  it('is said where nothing is to be had', async () => {
    const receiver = await running();
    const logs = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
    expect((await call(receiver, Buffer.alloc(0), { path: logs })).code).toBe(status.UNIMPLEMENTED);
    expect((await post(receiver, 'logs', '{}')).status).toBe(404);
    expect((await fetch(`${receiver.http}/v1/metrics`)).status).toBe(405);
    expect((await post(receiver, 'metrics', '{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await post(receiver, 'metrics', '{}', { 'Content-Encoding': 'br' })).status).toBe(415);
    expect((await post(receiver, 'metrics', '{}', { 'Content-Encoding': 'gzip' })).status).toBe(400);
    expect((await post(receiver, 'metrics', '{}')).status).toBe(200);
  });
});

describe('what is too much', () => {
  const MIB = 1024 * 1024;

  it('does not unpack gzip bombs', async () => {
    const receiver = await running();
    const zeros = Buffer.alloc(128 * MIB);
    const bomb = gzipSync(zeros);
    const before = process.memoryUsage().rss;
    const byHttp = await Promise.all(
      Array.from({ length: 8 }, () =>
        post(receiver, 'metrics', bomb, { ...protobufType, 'Content-Encoding': 'gzip' }),
      ),
    );
    expect(byHttp.map(({ status: code }) => code)).toEqual(Array(8).fill(413));
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(300);
    expect((await call(receiver, zeros, { gzip: true })).code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await call(receiver, encoded({ resourceMetrics: [small(1)] }), { gzip: true })).code).toBe(
      status.OK,
    );
  }, 30_000);

  it('does not read bodies that are too large', async () => {
    const receiver = await running();
    const large = Buffer.alloc(9 * MIB);
    expect((await post(receiver, 'metrics', large, protobufType)).status).toBe(413);
    expect((await call(receiver, large)).code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('does not make millions of messages out of two bytes each', async () => {
    const receiver = await running();
    const empties = Buffer.alloc(8 * MIB - 2);
    for (let at = 0; at < empties.length; at += 2) empties[at] = 0x0a;
    const answer = await call(receiver, empties);
    expect(answer).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('smaller batches') as string,
    });
    expect((await post(receiver, 'metrics', empties, protobufType)).status).toBe(413);
  });

  it('10,000 resources are not', async () => {
    const receiver = await running();
    const body = { resourceMetrics: Array.from({ length: 10_000 }, (_, n) => small(n)) };
    expect((await call(receiver, encoded(body), { gzip: true })).code).toBe(status.OK);
    expect((await post(receiver, 'metrics', JSON.stringify(body))).status).toBe(200);
    expect(receiver.counts.get('metrics ignored')).toBe(20_000);
  });

  it('is not waited for when it does not end', async () => {
    const limits = { requests: 4, bytes: 8 * MIB, patienceMs: 50 };
    const receiver = await running({ limits, bodyTimeoutMs: 1000 });
    const session = connect(`http://${receiver.grpc}`);
    onTestFinished(() => session.destroy());
    const headers = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers' };
    const endless = session.request(headers, { endStream: false });
    const ended = once(endless, 'response');
    // A whole message, but the request has no end.
    endless.write(Buffer.alloc(5));
    await expect
      .poll(async () => (await call(receiver, Buffer.alloc(0))).code)
      .toBe(status.RESOURCE_EXHAUSTED);
    const [answer] = (await ended) as [Readonly<Record<string, string>>];
    expect(answer['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
    expect((await call(receiver, Buffer.alloc(0))).code).toBe(status.OK);
  });

  it('is told to come again', async () => {
    const letGo = Promise.withResolvers<undefined>();
    const receiver = await running({
      limits: { requests: 1, bytes: 16 * MIB, patienceMs: 50 },
      take: async (items) => {
        await letGo.promise;
        return { status: 202, answer: { accepted: items.length, rejected: [], error: null } };
      },
    });
    const body = JSON.stringify(jsonOf(exported('cpu_throttle', throttleColumns(), POD)));
    const held = post(receiver, 'metrics', body);
    await expect.poll(async () => (await post(receiver, 'metrics', '{}')).status).toBe(429);
    const refused = await post(receiver, 'metrics', '{}');
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '1']);
    const byGrpc = await call(receiver, Buffer.alloc(0));
    expect(byGrpc.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(retryInfoIn(byGrpc)).toBe('type.googleapis.com/google.rpc.RetryInfo');
    letGo.resolve(undefined);
    expect((await held).status).toBe(200);
    expect((await post(receiver, 'metrics', '{}')).status).toBe(200);
  });
});

const retryInfoIn = ({ metadata }: GrpcAnswer): unknown => {
  const [details] = metadata?.get('grpc-status-details-bin') ?? [];
  const { details: infos } = statusIn(details as Buffer) as { details?: { typeUrl: string }[] };
  return infos?.[0]?.typeUrl;
};

it('acknowledges nothing that the store did not take', async () => {
  const receiver = await running({
    take: () => Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'the store is away')),
  });
  const row = jsonOf(exported('cpu_throttle', throttleColumns(), POD));
  const byHttp = await post(receiver, 'metrics', JSON.stringify(row));
  expect([byHttp.status, byHttp.headers.get('Retry-After')]).toEqual([503, '1']);
  expect(await byHttp.json()).toEqual({ code: 14, message: 'the store is away' });
  const byGrpc = await call(receiver, encoded(row));
  expect(byGrpc).toMatchObject({ code: status.UNAVAILABLE, details: 'the store is away' });
  expect(retryInfoIn(byGrpc)).toBe('type.googleapis.com/google.rpc.RetryInfo');
  expect(receiver.failures).toHaveLength(2);
  expect(receiver.counts.size).toBe(0);
});

describe('who sends', () => {
  const askForToken: Partial<OtlpOptions> = {
    authenticate: (authorization) =>
      Promise.resolve(
        authorization === 'Bearer good'
          ? right({ kind: 'account', identity: { username: 'collector', uid: '', groups: [], extra: {} } })
          : left(
              authorization === undefined
                ? { status: 401, error: 'expected a token' }
                : { status: 403, error: 'expected another token' },
            ),
      ),
  };

  it('is asked before the body is read', async () => {
    const receiver = await running(askForToken);
    const stranger = await post(receiver, 'metrics', '{');
    expect([stranger.status, stranger.headers.get('WWW-Authenticate')]).toEqual([
      401,
      'Bearer realm="kernel-gossip"',
    ]);
    expect((await post(receiver, 'metrics', '{', { Authorization: 'Bearer bad' })).status).toBe(403);
    expect((await post(receiver, 'metrics', '{}', { Authorization: 'Bearer good' })).status).toBe(200);
    const none = Buffer.alloc(0);
    expect(await call(receiver, none)).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: 'expected a token',
    });
    const bad = { metadata: { authorization: 'Bearer bad' } };
    expect((await call(receiver, none, bad)).code).toBe(status.PERMISSION_DENIED);
    const good = { metadata: { authorization: 'Bearer good' } };
    expect((await call(receiver, none, good)).code).toBe(status.OK);
  });

  it('is known to the intake, which may say that all of it is not theirs to say', async () => {
    const receiver = await running({
      ...askForToken,
      take: (items, sender) =>
        Promise.resolve({
          status: 403,
          answer: {
            accepted: 0,
            rejected: items.map((_, index) => ({
              index,
              path: 'namespace',
              expected: `a namespace of ${sender.kind === 'account' ? sender.identity.username : 'nobody'}`,
              got: '"shop"',
            })),
            error: 'not from this sender',
          },
        }),
    });
    const row = jsonOf(exported('cpu_throttle', throttleColumns(), POD));
    const byGrpc = await call(receiver, encoded(row), { metadata: { authorization: 'Bearer good' } });
    expect(byGrpc).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining('a namespace of collector') as string,
    });
  });

  it('is no page of another name that was made to lead here, where nobody is asked', async () => {
    const ask = (receiver: Running, host: string): Promise<number> =>
      statusAt(`${receiver.http}/v1/metrics`, host, {});
    const receiver = await running();
    expect(await ask(receiver, 'evil.example:4318')).toBe(403);
    for (const host of ['localhost:4318', '127.0.0.1', 'collector'])
      expect(await ask(receiver, host)).toBe(200);
    // Whoever has a token is no page; and a server for others has names.
    expect(await ask(await running(askForToken), 'evil.example:4318')).toBe(401);
    expect(await ask(await running({ host: '0.0.0.0' }), 'operator.example:4318')).toBe(200);
  });

  it('is not let in because nobody can be asked', async () => {
    const receiver = await running({
      authenticate: () => Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'no answer')),
    });
    expect((await post(receiver, 'traces', '{}')).status).toBe(503);
    expect((await call(receiver, Buffer.alloc(0))).code).toBe(status.UNAVAILABLE);
  });
});

describe('a receiver', () => {
  it('that closes lets what is under way end', async () => {
    const letGo = Promise.withResolvers<undefined>();
    const begun = Promise.withResolvers<undefined>();
    const receiver = await running({
      take: async (items) => {
        begun.resolve(undefined);
        await letGo.promise;
        return { status: 202, answer: { accepted: items.length, rejected: [], error: null } };
      },
    });
    const row = encoded(jsonOf(exported('cpu_throttle', throttleColumns(), POD)));
    const byGrpc = call(receiver, row);
    await begun.promise;
    const byHttp = post(receiver, 'metrics', row, protobufType);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const closed = receiver.close();
    letGo.resolve(undefined);
    expect((await byGrpc).code).toBe(status.OK);
    expect((await byHttp).status).toBe(200);
    await closed;
    await expect(post(receiver, 'metrics', '{}')).rejects.toThrow('fetch failed');
    expect((await call(receiver, row)).code).toBe(status.UNAVAILABLE);
  });

  it('is closed where no port is set', async () => {
    const receiver = await startOtlpReceiver({ ...nothing, grpcPort: null, httpPort: null });
    expect(receiver).toMatchObject({ grpcPort: null, httpPort: null });
  });

  it('says which port it cannot have, and takes neither', async () => {
    const taken = createNetServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(startOtlpReceiver({ ...nothing, grpcPort: 0, httpPort: port })).rejects.toMatchObject({
      code: 'KG_CONFIG_INVALID',
      message: expect.stringContaining(`OTLP_HTTP_PORT: cannot listen on 127.0.0.1:${port}`) as string,
    });
    await expect(startOtlpReceiver({ ...nothing, grpcPort: port, httpPort: null })).rejects.toMatchObject({
      code: 'KG_CONFIG_INVALID',
      message: expect.stringContaining('OTLP_GRPC_PORT') as string,
    });
  });
});

const nothing: Omit<OtlpOptions, 'grpcPort' | 'httpPort'> = {
  host: '127.0.0.1',
  authenticate: admitAnyone,
  observationOf,
  take: () => Promise.reject(new Error('nobody sends anything')),
  count: () => undefined,
  onFailure: () => undefined,
};
