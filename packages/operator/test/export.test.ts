import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Backend } from '../src/backend.ts';
import { DEFAULT_CONFIG, readConfig, type OperatorConfig } from '../src/config.ts';
import type { FindingEvent } from '../src/export/event.ts';
import { openExporter, type FindingExporter } from '../src/export/exporter.ts';
import { startOperator } from '../src/operator.ts';
import { sqliteBackend } from '../src/sqlite-backend.ts';
import { logReceiver, type LogReceiver } from './support/log-receiver.ts';
import { post, runningOperator, temporaryFolder, throttle } from './support/running-operator.ts';

const patience = { timeout: 15_000, interval: 50 };

const arrived = (receiver: LogReceiver, count: number) =>
  vi.waitFor(() => {
    expect(receiver.records.map(({ name }) => name)).toHaveLength(count);
  }, patience);

/** The settings of an operator that exports there. */
const exportTo = (url: string, flag = '--export-endpoint'): Partial<OperatorConfig> => {
  const { exportEndpoint, exportLogsEndpoint } = readConfig([flag, url], {});
  return { exportEndpoint, exportLogsEndpoint };
};

describe('an operator that exports its findings', () => {
  it('tells what opens, gets worse and ends, by OpenTelemetry’s names, with source and window', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20abc');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'k8s.cluster.name=prod');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const receiver = await logReceiver();
    const { url } = await runningOperator(exportTo(receiver.url));
    const timestamp = new Date(Date.now() - 60_000).toISOString();
    await post(url, throttle({ throttle_percentage: 40, timestamp, source: 'test' }));
    await arrived(receiver, 1);
    await post(url, throttle());
    await arrived(receiver, 2);
    await post(url, throttle({ throttle_percentage: 1, ended: true }));
    await arrived(receiver, 3);

    const [opened, changed, resolved] = receiver.records;
    expect(opened).toMatchObject({
      name: 'kernel_gossip.whisper.opened',
      severity: 9,
      severityText: 'info',
      body: 'Pod experiencing low CPU throttling at 40%',
      atMs: Date.parse(timestamp),
      attributes: {
        'k8s.namespace.name': 'shop',
        'k8s.pod.name': 'web-1',
        'k8s.container.name': 'app',
        'kernel_gossip.whisper.kind': 'cpu_throttle',
        'kernel_gossip.provenance': 'measured',
        'kernel_gossip.source': 'test',
        'kernel_gossip.measured_at': timestamp,
        'kernel_gossip.cpu.throttled_percent': 40,
        'kernel_gossip.cpu.actual_cpu_cores': 0.98,
        'kernel_gossip.cpu.window_seconds': 60,
      },
      resource: { 'service.name': 'kernel-gossip-operator', 'k8s.cluster.name': 'prod' },
    });
    // What was not measured is not there: neither 0 nor empty.
    expect(Object.keys(opened?.attributes ?? {})).not.toContain('kernel_gossip.cpu.nr_periods');
    expect(Object.values(opened?.attributes ?? {})).not.toContain(undefined);
    expect(changed).toMatchObject({ name: 'kernel_gossip.whisper.changed', severity: 17 });
    expect(changed?.body).toContain('85.5%');
    expect(resolved).toMatchObject({ name: 'kernel_gossip.whisper.resolved', severity: 9 });
    expect(receiver.headers[0]?.authorization).toBe('Bearer abc');
  });

  it('tells nothing of repeats, and of a birth its verdict', async () => {
    const receiver = await logReceiver();
    const { url } = await runningOperator(exportTo(`${receiver.url}/v1/logs`, '--export-logs-endpoint'));
    await post(url, [throttle(), throttle(), throttle()]);
    await post(url, {
      type: 'pod_creation',
      pod_name: 'web-2',
      namespace: 'shop',
      timestamp: new Date().toISOString(),
      total_syscalls: 412,
    });
    await arrived(receiver, 2);
    await post(url, throttle());
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(receiver.records.map(({ name }) => name).sort()).toEqual([
      'kernel_gossip.birth.certified',
      'kernel_gossip.whisper.opened',
    ]);
    const birth = receiver.records.find(({ name }) => name === 'kernel_gossip.birth.certified');
    expect(birth?.attributes).toMatchObject({
      'k8s.pod.name': 'web-2',
      'kernel_gossip.birth.total_syscalls': 412,
    });
    expect(birth?.body).not.toBe('');
  });

  it('does not tell again after a restart what stands', async () => {
    const receiver = await logReceiver();
    const folder = temporaryFolder();
    const first = await runningOperator(exportTo(receiver.url), folder);
    await post(first.url, throttle());
    await arrived(receiver, 1);
    await first.close();
    const second = await runningOperator(exportTo(receiver.url), folder);
    await post(second.url, throttle({ pod_name: 'web-2' }));
    await arrived(receiver, 2);
    expect(receiver.records.map(({ attributes }) => attributes['k8s.pod.name'])).toEqual(['web-1', 'web-2']);
  });

  it('sends what waits when it stops', async () => {
    const receiver = await logReceiver();
    const operator = await runningOperator(exportTo(`${receiver.url}/`));
    await post(operator.url, throttle());
    await vi.waitFor(async () => {
      const text = await (await fetch(`${operator.url}/metrics`)).text();
      expect(text).toMatch(/^kernel_gossip_export_(waiting|records_total\{result="sent"\}) 1$/m);
    }, patience);
    await operator.close();
    expect(receiver.records).toHaveLength(1);
  });

  it('neither exports nor counts unless it is asked to', async () => {
    const { url } = await runningOperator();
    expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('kernel_gossip_export');
  });
});

describe('what an operator logs of where it exports to', { timeout: 40_000 }, () => {
  it.each([
    ['--export-endpoint', '/receiver/SECRET'],
    ['--export-endpoint', '/?token=SECRET'],
    ['--export-logs-endpoint', '/v1/logs?token=SECRET'],
  ])('holds no key that stands in %s %s', async (flag, path) => {
    const receiver = await answeringReceiver({ status: 401 });
    const settings = exportTo(`${receiver.url}${path}`, flag);
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line) => lines.push(line) });
    log.info({ config: settings }, 'configuration');
    const config = { ...DEFAULT_CONFIG, port: 0, host: '127.0.0.1', ...settings };
    const operator = await startOperator(config, sqliteBackend(temporaryFolder()), log);
    onTestFinished(() => operator.close());
    await post(operator.url, throttle());
    await vi.waitFor(() => {
      expect(lines.join('')).toMatch(/findings .*exported/);
    }, patience);
    expect(receiver.paths[0]).toContain('SECRET');
    expect(lines.join('').match(new RegExp(receiver.url, 'g'))?.length).toBeGreaterThan(1);
    expect(lines.join('')).not.toContain('SECRET');
  });

  it('is not what was wrong with it either', () => {
    for (const url of ['https://user:SECRET@in.example', 'SECRET', 'ftp://in.example/SECRET']) {
      expect(() => exportTo(url)).toThrow(/^--export-endpoint: expected an http .*, got something else$/);
    }
  });
});

/** Two replicas on one store: each leads when it is told to, until it is told to stop. */
async function replicas() {
  const store = sqliteBackend(temporaryFolder());
  onTestFinished(() => store.close());
  const replica = async () => {
    const receiver = await logReceiver();
    const [begun, stopped, over] = [
      Promise.withResolvers<undefined>(),
      Promise.withResolvers<undefined>(),
      new AbortController(),
    ];
    const lead: Backend['lead'] = async (work, signal) => {
      await Promise.race([begun.promise, once(signal, 'abort')]);
      if (!signal.aborted) await work(AbortSignal.any([signal, over.signal]));
      stopped.resolve(undefined);
    };
    const operator = await startOperator(
      { ...DEFAULT_CONFIG, port: 0, host: '127.0.0.1', ...exportTo(receiver.url) },
      { ...store, lead, close: () => Promise.resolve() },
      pino({ level: 'silent' }),
    );
    onTestFinished(() => operator.close());
    return {
      receiver,
      url: operator.url,
      lead: () => {
        begun.resolve(undefined);
      },
      stop: () => {
        over.abort();
        return stopped.promise;
      },
    };
  };
  return [await replica(), await replica()] as const;
}

const namesOf = ({ records }: LogReceiver): readonly string[] =>
  records.map(({ name }) => name.replace('kernel_gossip.whisper.', ''));
const idsOf = ({ records }: LogReceiver): readonly unknown[] =>
  records.map(({ attributes }) => attributes['log.record.uid']);

describe('when another replica comes to lead', { timeout: 40_000 }, () => {
  it('tells what got worse while none did, and marks what may have been told before', async () => {
    const [first, second] = await replicas();
    first.lead();
    await post(first.url, throttle({ throttle_percentage: 60 }));
    await arrived(first.receiver, 1);
    await first.stop();
    await post(second.url, throttle());
    second.lead();
    await arrived(second.receiver, 2);
    expect(namesOf(second.receiver)).toEqual(['opened', 'changed']);
    expect(second.receiver.records[1]?.severityText).toBe('critical');
    expect(namesOf(first.receiver)).toEqual(['opened']);
    expect(idsOf(first.receiver)).toEqual([expect.stringMatching(/\/kernel_gossip.whisper.opened$/)]);
    expect(idsOf(second.receiver)[0]).toBe(idsOf(first.receiver)[0]);
    expect(idsOf(second.receiver)[1]).not.toBe(idsOf(first.receiver)[0]);
  });

  it('tells what the one before did not get rid of', async () => {
    const [first, second] = await replicas();
    first.receiver.answerWith(null);
    first.lead();
    await post(first.url, throttle());
    await vi.waitFor(() => {
      expect(first.receiver.requests).toBe(1);
    }, patience);
    await first.stop();
    second.lead();
    await arrived(second.receiver, 1);
    expect(namesOf(second.receiver)).toEqual(['opened']);
  });
});

const event = (at: number): FindingEvent => ({
  name: 'kernel_gossip.whisper.opened',
  severity: 'critical',
  atMs: at,
  body: `number ${at}`,
  attributes: {},
});

interface Answer {
  readonly status: number;
  readonly body?: Uint8Array;
}

/** Answers as it is told to, whatever it is sent; gone when the test ends. */
async function answeringReceiver(first: Answer) {
  const state = { answer: first };
  const paths: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      paths.push(request.url ?? '');
      response
        .writeHead(state.answer.status, { 'Content-Type': 'application/x-protobuf' })
        .end(state.answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    answerWith: (answer: Answer) => {
      state.answer = answer;
    },
  };
}

/** An ExportLogsServiceResponse (opentelemetry/proto/collector/logs/v1): fewer than 128 rejected, with a message. */
function partialSuccess(rejected: number, message: string): Uint8Array {
  const words = Buffer.from(message);
  const lengthOf = (length: number): Buffer => Buffer.from([(length & 127) | 128, length >> 7]);
  const inner = Buffer.concat([Buffer.from([0x08, rejected, 0x12]), lengthOf(words.length), words]);
  return Buffer.concat([Buffer.from([0x0a]), lengthOf(inner.length), inner]);
}

/** An exporter with what its observer was told. */
function exporterTo(url: string) {
  const settled = { sent: 0, rejected: 0, dropped: 0 };
  const words: (string | null)[] = [];
  const exporter: FindingExporter = openExporter({
    url: `${url}/v1/logs`,
    version: '1.2.3',
    observer: {
      settled: (result, records) => {
        settled[result] += records;
      },
      failing: (why) => words.push(why),
    },
  });
  onTestFinished(() => exporter.close());
  return { exporter, settled, words };
}

describe('the outbox', { timeout: 40_000 }, () => {
  it('keeps what a receiver cannot take, and sends it once and in order when it can', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '300');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const receiver = await logReceiver();
    receiver.answerWith(503);
    const { exporter, settled, words } = exporterTo(receiver.url);
    for (let at = 0; at < 700; at += 1) exporter.tell(event(at));
    await vi.waitFor(() => {
      expect(receiver.requests).toBeGreaterThan(1);
    }, patience);
    expect(exporter.waiting).toBe(700);
    expect(words).toHaveLength(1);
    receiver.answerWith(200);
    await arrived(receiver, 700);
    expect(receiver.records.map(({ body }) => body)).toEqual(
      Array.from({ length: 700 }, (_, at) => `number ${at}`),
    );
    await vi.waitFor(() => {
      expect(settled).toEqual({ sent: 700, rejected: 0, dropped: 0 });
    });
    expect(words.at(-1)).toBeNull();
  });

  it('counts what a receiver will not have, and goes on with the next', async () => {
    const receiver = await logReceiver();
    receiver.answerWith(400);
    const { exporter, settled } = exporterTo(receiver.url);
    exporter.tell(event(1));
    await vi.waitFor(() => {
      expect(settled.rejected).toBe(1);
    }, patience);
    receiver.answerWith(200);
    exporter.tell(event(2));
    await arrived(receiver, 1);
    expect(receiver.records[0]?.body).toBe('number 2');
  });

  it('counts as rejected what a receiver took and left out, and tells its words once', async () => {
    const receiver = await answeringReceiver({
      status: 200,
      body: partialSuccess(2, `too \u001b[31mold${'.'.repeat(1000)}`),
    });
    const { exporter, settled, words } = exporterTo(receiver.url);
    for (let at = 0; at < 5; at += 1) exporter.tell(event(at));
    await vi.waitFor(() => {
      expect(settled).toEqual({ sent: 3, rejected: 2, dropped: 0 });
    }, patience);
    for (let at = 0; at < 3; at += 1) exporter.tell(event(at));
    await vi.waitFor(() => {
      expect(settled).toEqual({ sent: 4, rejected: 4, dropped: 0 });
    }, patience);
    expect(words).toHaveLength(1);
    expect(words[0]).toMatch(/^2 of 5 were rejected: too \\x1b\[31mold\.+$/);
    expect(words[0]?.length).toBeLessThan(400);
    // Advice, where none is rejected.
    receiver.answerWith({ status: 200, body: partialSuccess(0, 'be brief') });
    exporter.tell(event(9));
    await vi.waitFor(() => {
      expect(settled).toEqual({ sent: 5, rejected: 4, dropped: 0 });
    }, patience);
    expect(words.slice(1)).toEqual([null]);
  });

  it('counts no more than it sent, whatever a receiver says', async () => {
    const receiver = await answeringReceiver({ status: 200, body: partialSuccess(100, 'no') });
    const { exporter, settled } = exporterTo(receiver.url);
    exporter.tell(event(1));
    await vi.waitFor(() => {
      expect(settled).toEqual({ sent: 0, rejected: 1, dropped: 0 });
    }, patience);
  });

  it.each([400, 404, 500])(
    'gives up what is answered with %i, and says no more than that until it sends again',
    async (status) => {
      const receiver = await answeringReceiver({ status });
      const { exporter, settled, words } = exporterTo(receiver.url);
      for (const rejected of [1, 2]) {
        exporter.tell(event(rejected));
        await vi.waitFor(() => {
          expect(settled).toEqual({ sent: 0, rejected, dropped: 0 });
        }, patience);
      }
      expect(words).toEqual([expect.stringMatching(new RegExp(`^${status} `))]);
      receiver.answerWith({ status: 200 });
      exporter.tell(event(3));
      await vi.waitFor(() => {
        expect(settled).toEqual({ sent: 1, rejected: 2, dropped: 0 });
      }, patience);
      expect(words.slice(1)).toEqual([null]);
    },
  );

  it.each([401, 403, 429])('keeps what is answered with %i until it is taken', async (status) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '300');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const receiver = await answeringReceiver({ status });
    const { exporter, settled, words } = exporterTo(receiver.url);
    exporter.tell(event(1));
    await vi.waitFor(() => {
      expect(receiver.paths.length).toBeGreaterThan(1);
    }, patience);
    expect(exporter.waiting).toBe(1);
    receiver.answerWith({ status: 200 });
    await vi.waitFor(() => {
      expect(settled).toEqual({ sent: 1, rejected: 0, dropped: 0 });
    }, patience);
    expect(words).toEqual([expect.any(String), null]);
  });

  it('counts as dropped what a receiver does not let in until the end', async () => {
    const receiver = await answeringReceiver({ status: 401 });
    const { exporter, settled, words } = exporterTo(receiver.url);
    exporter.tell(event(1));
    await exporter.close();
    expect(settled).toEqual({ sent: 0, rejected: 0, dropped: 1 });
    expect(words).toEqual(['401 Unauthorized']);
  });

  it('holds 2048 at most, counts the others, and does not wait for ever when it is closed', async () => {
    const receiver = await logReceiver();
    receiver.answerWith(null);
    const { exporter, settled } = exporterTo(receiver.url);
    for (let at = 0; at < 3000; at += 1) exporter.tell(event(at));
    expect(exporter.waiting).toBe(2048);
    expect(settled.dropped).toBe(952);
    const start = performance.now();
    await exporter.close();
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(settled).toEqual({ sent: 0, rejected: 0, dropped: 3000 });
  });
});
