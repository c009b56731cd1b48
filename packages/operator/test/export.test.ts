import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FindingEvent } from '../src/export/event.ts';
import { openExporter, type FindingExporter } from '../src/export/exporter.ts';
import { logReceiver, type LogReceiver } from './support/log-receiver.ts';
import { post, runningOperator, temporaryFolder, throttle } from './support/running-operator.ts';

const patience = { timeout: 15_000, interval: 50 };

const arrived = (receiver: LogReceiver, count: number) =>
  vi.waitFor(() => {
    expect(receiver.records.map(({ name }) => name)).toHaveLength(count);
  }, patience);

describe('an operator that exports its findings', () => {
  it('tells what opens, gets worse and ends, by OpenTelemetry’s names, with source and window', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20abc');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'k8s.cluster.name=prod');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const receiver = await logReceiver();
    const { url } = await runningOperator({ exportEndpoint: receiver.url });
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
    const { url } = await runningOperator({ exportLogsEndpoint: `${receiver.url}/v1/logs` });
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
    const first = await runningOperator({ exportEndpoint: receiver.url }, folder);
    await post(first.url, throttle());
    await arrived(receiver, 1);
    await first.close();
    const second = await runningOperator({ exportEndpoint: receiver.url }, folder);
    await post(second.url, throttle({ pod_name: 'web-2' }));
    await arrived(receiver, 2);
    expect(receiver.records.map(({ attributes }) => attributes['k8s.pod.name'])).toEqual(['web-1', 'web-2']);
  });

  it('sends what waits when it stops', async () => {
    const receiver = await logReceiver();
    const operator = await runningOperator({ exportEndpoint: `${receiver.url}/` });
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

const event = (at: number): FindingEvent => ({
  name: 'kernel_gossip.whisper.opened',
  severity: 'critical',
  atMs: at,
  body: `number ${at}`,
  attributes: {},
});

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
