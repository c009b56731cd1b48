import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Client, compressionAlgorithms, credentials } from '@grpc/grpc-js';
import { load, type ServiceDefinition } from '@grpc/proto-loader';
import { say, spreadOf, spreadText } from './measure.ts';

/** Data points of OTLP/gRPC with gzip that the receiver takes for each second of its CPU time, the kernel's work for it included. */

const ROUNDS = 7;
const REQUESTS = 300;
const CONCURRENT = 8;

/**
 * What the OpenTelemetry Collector does for each second of CPU time, receiving and sending on: 1,050,700 data points in 15 s at
 * 18.0 % of one core (Metric10kDPS/OTLP of its own load tests), that is 389,000; by OTLP/HTTP 1,046,500 at 20.3 %, that is 344,000.
 * Source: opentelemetry-collector-contrib, pull request 40084, 2025-05-14, on its author's machine.
 */
const COLLECTOR_PER_CPU_SECOND = 1_050_700 / 15 / 0.18;

const definitions = await load('opentelemetry/proto/collector/metrics/v1/metrics_service.proto', {
  includeDirs: [fileURLToPath(new URL('../proto', import.meta.url))],
});
const service = definitions['opentelemetry.proto.collector.metrics.v1.MetricsService'] as ServiceDefinition;
const method = service.Export!;

const attribute = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const nowNs = (): string => `${Date.now()}000000`;
const beforeNs = (): string => `${Date.now() - 60_000}000000`;

/** As the Collector's load tests send it: 100 metrics of 7 data points, which tell us nothing. */
const asInLoadTests = (): object => ({
  resourceMetrics: [
    {
      resource: { attributes: [attribute('service.name', 'load-generator')] },
      scopeMetrics: [
        {
          metrics: Array.from({ length: 100 }, (_, metric) => ({
            name: `load_generator_${metric}`,
            description: `Load Generator Counter #${metric}`,
            unit: '1',
            gauge: {
              dataPoints: Array.from({ length: 7 }, (_unused, item) => ({
                timeUnixNano: nowNs(),
                asInt: item,
                attributes: [attribute('item_index', `item_${item}`), attribute('batch_index', 'batch_1')],
              })),
            },
          })),
        },
      ],
    },
  ],
});

/** As `px.export` sends rows of cpu_throttle: 64 containers, each of them throttled. */
const asOurScripts = (): object => ({
  resourceMetrics: Array.from({ length: 64 }, (_, pod) => ({
    resource: {
      attributes: [
        attribute('service.name', 'kernel-gossip'),
        attribute('k8s.namespace.name', `shop-${pod % 8}`),
        attribute('k8s.pod.name', `web-${pod}`),
        attribute('k8s.container.name', 'app'),
        attribute('container.id', pod.toString(16).padStart(64, '0')),
        attribute('k8s.node.name', 'node-1'),
      ],
    },
    scopeMetrics: [
      {
        metrics: Object.entries({
          first_time: beforeNs(),
          quota_ns: 50_000_000,
          period_ns: 100_000_000,
          nr_periods_first: 1000,
          nr_periods_last: 1600,
          nr_throttled_first: 100,
          nr_throttled_last: 640,
          throttled_ns_first: 0,
          throttled_ns_last: 30_000_000_000,
          cpu_ns: 29_000_000_000,
          cpu_window_ns: 60_000_000_000,
        }).map(([column, value]) => ({
          name: `kernel_gossip.cpu_throttle.${column}`,
          gauge: { dataPoints: [{ timeUnixNano: nowNs(), asInt: value }] },
        })),
      },
    ],
  })),
});

const ask = async (receiver: ChildProcess): Promise<number> => {
  receiver.send('cpu');
  return ((await once(receiver, 'message')) as [number])[0];
};

const exportOnce = (client: Client, body: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      body,
      (error) => {
        if (error === null) resolve();
        else reject(error);
      },
    );
  });

async function sendMany(client: Client, request: () => object): Promise<void> {
  let sent = 0;
  const sender = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent += 1;
      await exportOnce(client, method.requestSerialize(request()));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, sender));
}

async function measure(what: string, request: () => object, points: number): Promise<void> {
  const receiver = fork(new URL('otlp-receiver.ts', import.meta.url), {
    execArgv: ['--conditions=@kernel-gossip/source', '--max-semi-space-size=16'],
  });
  const [port] = (await once(receiver, 'message')) as [number];
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  await sendMany(client, request);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await ask(receiver);
    await sendMany(client, request);
    rates.push((REQUESTS * points) / ((await ask(receiver)) - before));
  }
  client.close();
  receiver.kill('SIGKILL');
  const rate = spreadOf(rates);
  const share = (rate.median / COLLECTOR_PER_CPU_SECOND) * 100;
  say(
    `${what}: ${spreadText(rate, 0)} data points per second of CPU time, ${share.toFixed(0)} % of the Collector's`,
  );
}

say(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; median (min..max) of ${ROUNDS} rounds`,
);
say(
  `The OpenTelemetry Collector, receiving and sending on: ${COLLECTOR_PER_CPU_SECOND.toFixed(0)} (opentelemetry-collector-contrib, pull request 40084, on another machine)`,
);
await measure('metrics that tell us nothing, as in the load tests of the Collector', asInLoadTests, 700);
await measure('rows of our scripts, each through the intake and the ledger', asOurScripts, 64 * 11);
