import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decode, PodTraffic } from 'kernel-gossip-types';
import { post, runningOperator, throttle, whispersOf } from './support/running-operator.ts';

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

/** What Pixie tells of the pod that `throttle` is about, changed as a test needs it. */
const requests = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  type: 'http_requests',
  pod_name: 'web-1',
  namespace: 'shop',
  timestamp: minutesAgo(0),
  period_seconds: 60,
  source: 'pixie',
  role: 'server',
  method: 'GET',
  path: '/orders/42?card=4111111111111111',
  status: 200,
  requests: 120,
  p99_ms: 35,
  ...changes,
});

const flow = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  type: 'network_flow',
  pod_name: 'web-1',
  namespace: 'shop',
  timestamp: minutesAgo(0),
  period_seconds: 60,
  role: 'client',
  remote: 'shop/db-0',
  remote_port: 5432,
  bytes_sent: 1000,
  ...changes,
});

const trafficOf = async (url: string, pod = 'web-1'): Promise<Response> =>
  fetch(`${url}/api/v1alpha1/namespaces/shop/pods/${pod}/traffic`);

describe('the traffic of a pod', () => {
  it('is taken, kept without what is nobody else’s business, and told', async () => {
    const { url } = await runningOperator();
    const answer = await post(url, [
      requests(),
      flow(),
      requests({ status: 99 }),
      flow({ remote_port: 70_000 }),
    ]);
    expect([answer.status, await answer.json()]).toMatchObject([
      202,
      {
        accepted: 2,
        rejected: [
          { index: 2, path: 'status' },
          { index: 3, path: 'remote_port' },
        ],
      },
    ]);
    const told = await trafficOf(url);
    const body: unknown = await told.json();
    expect(told.status).toBe(200);
    expect(isRight(decode(PodTraffic, body))).toBe(true);
    expect(body).toMatchObject({
      kind: 'PodTraffic',
      requests: [{ path: '/orders/{id}', requests: 120, p50_ms: null, p99_ms: 35, provenance: 'measured' }],
      flows: [{ remote: 'shop/db-0', bytes_sent: 1000, bytes_received: null, source: 'webhook' }],
    });
    expect(JSON.stringify(body)).not.toContain('4111');
    expect(await whispersOf(url)).toEqual([]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('kernel_gossip_traffic_windows{kind="requests"} 1');
    expect(metrics).toContain('kernel_gossip_observations_total{type="network_flow",result="repeat"} 1');
    expect(metrics).toMatch(/route="\/api\/v1alpha1\/namespaces\/:namespace\/pods\/:pod\/traffic"/);
  });

  it('that nobody told of is not there, and what to do is said', async () => {
    const { url } = await runningOperator();
    const none = await trafficOf(url, 'ghost');
    expect([none.status, await none.json()]).toMatchObject([
      404,
      {
        error: expect.stringMatching(
          /nobody told .* shop\/ghost .* Connect Pixie, or send OpenTelemetry/,
        ) as string,
      },
    ]);
  });

  it('counts once what a sender sends twice', async () => {
    const { url } = await runningOperator();
    const batch = [requests({ timestamp: minutesAgo(1) }), flow({ timestamp: minutesAgo(1) })];
    await post(url, batch);
    expect((await post(url, batch)).status).toBe(202);
    const { requests: kept, flows } = (await (await trafficOf(url)).json()) as PodTraffic;
    expect([kept.length, flows.length]).toEqual([1, 1]);
  });

  it('stands on the whisper about its throttling, beside what the kernel said', async () => {
    const { url } = await runningOperator({ flushSeconds: 1 });
    await post(url, throttle({ timestamp: minutesAgo(2) }));
    await post(url, [
      requests({ timestamp: minutesAgo(10) }),
      requests({ timestamp: minutesAgo(1), p99_ms: 850 }),
      requests({ timestamp: minutesAgo(1), status: 503, requests: 30 }),
    ]);
    await expect
      .poll(async () => (await whispersOf(url))[0]?.status?.traffic, { timeout: 15_000 })
      .toMatchObject({
        source: 'pixie',
        during: { requests: 150, server_errors: 30, server_error_percent: 20 },
        before: { requests: 120, server_errors: 0 },
        latencies: [{ method: 'GET', path: '/orders/{id}', p99_ms: 850, before_p99_ms: 35 }],
      });
    const [whisper] = await whispersOf(url);
    expect(whisper?.status?.insight).toContain('85.5%');
    expect(whisper?.status?.cause?.evidence.join(' ')).not.toContain('orders');
  });
});
