import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { WebhookAnswer } from 'kernel-gossip-types';
import { post, runningOperator, throttle, whispersOf } from './support/running-operator.ts';

const answerOf = async (response: Response): Promise<WebhookAnswer> =>
  (await response.json()) as WebhookAnswer;

describe('POST /webhook/pixie', () => {
  it('has a new whisper in the store when it answers, and its assessment soon after', async () => {
    const { url, store } = await runningOperator();
    const response = await post(url, throttle());
    expect(response.status).toBe(202);
    expect(await answerOf(response)).toEqual({ accepted: 1, rejected: [], error: null });
    expect(await store.list('KernelWhisper')).toMatchObject([
      { spec: { severity: 'critical', throttled_percent: 85.5 } },
    ]);
    await vi.waitFor(async () => {
      expect(await whispersOf(url)).toMatchObject([
        {
          status: {
            phase: 'Open',
            insight: 'Pod experiencing high CPU throttling at 85.5%',
            recommendation: 'Consider increase CPU limits by 50%',
            kernel_evidence: 'Kernel shows 85.5% throttled time',
            priority: 'high',
            observations: 1,
            metrics_comparison: {
              kernel_cpu_usage: 0.98,
              metrics_cpu_usage: 0.35,
              discrepancy_percent: 64.3,
            },
          },
        },
      ]);
    });
  });

  it('takes numbered observations once, however often they are sent', async () => {
    const { url } = await runningOperator();
    const send = async (first: number, count: number): Promise<WebhookAnswer> =>
      answerOf(
        await post(url, Array.from({ length: count }, throttle), {
          'KernelGossip-Stream': 'b6a8c2f0-4a44-4b0e-9f5e-0d8f1c6a7e21',
          'KernelGossip-Sequence': String(first),
          'KernelGossip-Dropped': '4',
        }),
      );
    const all = { rejected: [], error: null };
    expect(await send(0, 2)).toEqual({ accepted: 2, ...all });
    expect(await send(0, 2)).toEqual({ accepted: 2, ...all });
    expect(await send(1, 3)).toEqual({ accepted: 3, ...all });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const counted = [...metrics.matchAll(/^kernel_gossip_observations_total\{.*\} (\d+)$/gm)];
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(4);
    expect(metrics).toMatch(/^kernel_gossip_observations_lost_total 4$/m);
  });

  it('takes all four kinds, and each is told apart', async () => {
    const { url, store } = await runningOperator();
    const { type, throttle_percentage, ...subject } = throttle();
    const response = await post(url, [
      throttle(),
      { ...subject, type: 'memory_pressure', memory_usage_percentage: 60 },
      { ...subject, type: 'network_issue', symptom: 'retransmits', failure_percentage: 3 },
      { ...subject, type: 'pod_creation', syscalls: ['clone'], total_syscalls: 847, duration_ms: 2500 },
    ]);
    expect(await answerOf(response)).toEqual({ accepted: 4, rejected: [], error: null });
    const whispers = await store.list('KernelWhisper');
    expect(whispers.map(({ spec }) => [spec.kind, spec.severity]).sort()).toEqual([
      ['cpu_throttle', 'critical'],
      ['memory_pressure', 'warning'],
      ['network_issue', 'warning'],
    ]);
    expect(await store.list('PodBirthCertificate')).toMatchObject([
      { spec: { kernel_stats: { total_syscalls: 847, total_duration_ms: 2500, cgroup_writes: null } } },
    ]);
  });

  it('takes what is one too many, counts it as withheld, and opens nothing for it', async () => {
    const { url } = await runningOperator({ maxWhispersPerNamespace: 1 });
    const response = await post(url, [throttle(), throttle({ pod_name: 'web-2' })]);
    expect(response.status).toBe(202);
    expect(await answerOf(response)).toEqual({ accepted: 2, rejected: [], error: null });
    expect(await whispersOf(url)).toMatchObject([{ spec: { pod_name: 'web-1' } }]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^kernel_gossip_whispers_withheld_total\{reason="namespace"\} 1$/m);
  });

  it('keeps the good ones of 10,000 and tells the bad one by index and path', async () => {
    const { url } = await runningOperator();
    const observations: unknown[] = Array.from({ length: 10_000 }, () => throttle());
    observations[7_321] = throttle({ throttle_percentage: 101 });
    const response = await post(url, observations);
    expect(response.status).toBe(202);
    expect(await answerOf(response)).toEqual({
      accepted: 9_999,
      rejected: [{ index: 7_321, path: 'throttle_percentage', expected: 'a percentage 0..100', got: '101' }],
      error: null,
    });
  });

  const now = Date.now();
  it.each([
    ['a negative percentage', throttle({ throttle_percentage: -1 }), 'throttle_percentage'],
    ['a text for a number', throttle({ throttle_percentage: '85.5' }), 'throttle_percentage'],
    ['no percentage', throttle({ throttle_percentage: undefined }), 'throttle_percentage'],
    ['a pod name that is none', throttle({ pod_name: 'Web_1' }), 'pod_name'],
    ['a namespace with a path in it', throttle({ namespace: '../kube-system' }), 'namespace'],
    [
      'a container name with control characters',
      throttle({ container_name: 'a\u001b[31m' }),
      'container_name',
    ],
    ['a time before there was anything', throttle({ timestamp: '1970-01-01T00:00:00Z' }), 'timestamp'],
    ['a time far ahead', throttle({ timestamp: new Date(now + 86_400_000).toISOString() }), 'timestamp'],
    ['a time that is none', throttle({ timestamp: 'now' }), 'timestamp'],
    ['an unknown type', throttle({ type: 'disk' }), 'type'],
    ['no object', 7, ''],
    ['null', null, ''],
    [
      'a pod UID alone, without Kubernetes',
      throttle({ pod_name: null, namespace: null, pod_uid: 'a'.repeat(32) }),
      'pod_uid',
    ],
    ['a key twice', '{"type":"cpu_throttle","type":"cpu_throttle"}', 'type'],
  ])('refuses %s and names the field', async (_what, body, path) => {
    const { url } = await runningOperator();
    const response = await post(url, typeof body === 'string' ? body : JSON.stringify(body));
    expect(response.status).toBe(400);
    expect((await answerOf(response)).rejected).toMatchObject([{ index: 0, path }]);
  });

  it.each([
    ['malformed JSON', '{"type":'],
    ['NaN', '{"type":"cpu_throttle","throttle_percentage":NaN}'],
    ['an empty list', '[]'],
    ['nothing', ''],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ])('refuses %s as a whole', async (_what, body) => {
    const { url } = await runningOperator();
    const response = await post(url, body);
    expect(response.status).toBe(400);
    expect((await answerOf(response)).error).toMatch(/expected/);
  });

  it('is not led astray by __proto__, unknown fields or deep nesting', async () => {
    const { url, store } = await runningOperator();
    const plain = JSON.stringify(throttle());
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = `[${plain.slice(0, -1)},"__proto__":{"severity":"info"},"extra":${deep}}]`;
    expect((await post(url, body)).status).toBe(202);
    expect(await store.list('KernelWhisper')).toHaveLength(1);
    expect((await post(url, deep)).status).toBe(400);
    expect(({} as Record<string, unknown>).severity).toBeUndefined();
  });

  it('refuses 50 MB without reading them all', async () => {
    const { url } = await runningOperator();
    const response = await post(url, Buffer.alloc(50_000_000, ' ')).catch((error: unknown) => error as Error);
    // A sender that is still writing may see the connection close before it sees the answer.
    if (response instanceof Response) expect(response.status).toBe(413);
    else expect(response.message).toMatch(/fetch failed/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('refuses a small body that inflates to a large one', async () => {
    const { url } = await runningOperator();
    const response = await post(url, gzipSync(Buffer.alloc(50_000_000, ' ')), { 'Content-Encoding': 'gzip' });
    expect(response.status).toBe(413);
  });

  it('takes gzip', async () => {
    const { url } = await runningOperator();
    const body = gzipSync(JSON.stringify(throttle()));
    expect((await post(url, body, { 'Content-Encoding': 'gzip' })).status).toBe(202);
  });

  it('takes nothing but JSON', async () => {
    const { url } = await runningOperator();
    expect((await post(url, 'a=b', { 'Content-Type': 'application/x-www-form-urlencoded' })).status).toBe(
      415,
    );
  });

  it('names the sender as it names itself, if that can be shown', async () => {
    const { url, store } = await runningOperator();
    await post(url, throttle(), { 'X-Source': 'pixie-ebpf' });
    await post(url, throttle({ pod_name: 'web-2' }), { 'X-Source': '<script>' });
    const whispers = await store.list('KernelWhisper');
    expect(whispers.map(({ spec }) => spec.source?.name).sort()).toEqual(['pixie-ebpf', 'webhook']);
  });

  it('answers any JSON with 202 or 400, and stays alive', async () => {
    const { url } = await runningOperator();
    const observation = fc.record(
      {
        type: fc.constantFrom('cpu_throttle', 'pod_creation', 'memory_pressure', 'network_issue', 'x'),
        pod_name: fc.oneof(fc.constant('web-1'), fc.string()),
        namespace: fc.oneof(fc.constant('shop'), fc.string()),
        container_name: fc.oneof(fc.constant('app'), fc.string(), fc.constant(null)),
        throttle_percentage: fc.oneof(fc.double(), fc.integer({ min: 0, max: 100 }), fc.string()),
        timestamp: fc.oneof(fc.constant(new Date().toISOString()), fc.string()),
        timeline: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), observation, fc.array(observation)), async (body) => {
        const response = await post(url, JSON.stringify(body));
        const answer = await answerOf(response);
        const items = Array.isArray(body) ? body.length : 1;
        const refused = new Set(answer.rejected.map(({ index }) => index)).size;
        expect(response.status).toBe(answer.accepted > 0 ? 202 : 400);
        if (items > 0) expect(answer.accepted + refused).toBe(items);
      }),
      { numRuns: 300 },
    );
    expect((await fetch(`${url}/ready`)).status).toBe(200);
  });

  it('answers any bytes with 4xx, and stays alive', async () => {
    const { url } = await runningOperator();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const response = await post(url, bytes);
        expect([400, 202]).toContain(response.status);
      }),
      { numRuns: 100 },
    );
  });

  it('closes a connection whose headers do not come', { timeout: 30_000 }, async () => {
    const { url } = await runningOperator();
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('POST /webhook/pixie HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 500);
    const text = await new Promise<string>((resolve) => {
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve(received);
      });
    });
    clearInterval(drip);
    expect(text).toMatch(/^HTTP\/1\.1 408/);
  });
});
