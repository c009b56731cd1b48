import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PodTraffic } from 'kernel-gossip-types';
import { describe, expect, onTestFinished, test } from 'vitest';
import { capture, type Captured } from '../testing/capture.ts';
import { forwarding } from '../testing/forwarding.ts';
import { realOperator } from '../testing/real-operator.ts';
import { json, scriptedCluster } from '../testing/scripted-cluster.ts';

const realNow = { now: Date.now };
const BEGAN = Date.now();
const minutesAgo = (minutes: number): string => new Date(BEGAN - minutes * 60_000).toISOString();

const requests = (ended: number, changes: Readonly<Record<string, unknown>> = {}): object => ({
  type: 'http_requests',
  pod_name: 'web-1',
  namespace: 'shop',
  timestamp: minutesAgo(ended),
  period_seconds: 60,
  source: 'pixie',
  role: 'server',
  method: 'GET',
  path: '/orders/42',
  status: 200,
  requests: 100,
  p99_ms: 35,
  remote: 'shop/front-1',
  ...changes,
});

const flow = (ended: number, changes: Readonly<Record<string, unknown>> = {}): object => ({
  type: 'network_flow',
  pod_name: 'web-1',
  namespace: 'shop',
  timestamp: minutesAgo(ended),
  period_seconds: 60,
  source: 'pixie',
  role: 'client',
  remote: 'shop/db-0',
  remote_port: 5432,
  bytes_sent: 2048,
  ...changes,
});

async function tell(url: string, observations: readonly object[]): Promise<void> {
  const response = await fetch(`${url}/webhook/pixie`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(observations),
  });
  expect(await response.json()).toMatchObject({ accepted: observations.length, rejected: [] });
}

/** The cells of a table, line by line. */
const cellsOf = ({ out }: Captured): readonly (readonly string[])[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {3,}/));

describe('kgossip requests', () => {
  test('lists what was answered, failures first, with the worst window', async () => {
    const url = await realOperator();
    await tell(url, [
      requests(2, { p50_ms: 4 }),
      requests(1, { p50_ms: 9, p99_ms: 850 }),
      requests(1, { status: 503, requests: 7, p99_ms: null }),
      requests(1, { role: 'client', method: 'POST', path: '/pay', remote: null, p99_ms: null }),
    ]);
    const listed = await capture(['requests', 'pod/web-1', '-n', 'shop', '--url', url], realNow);
    expect(listed.code).toBe(0);
    expect(cellsOf(listed)).toEqual([
      [
        ...'ROLE METHOD PATH STATUS REQUESTS'.split(' '),
        'WORST P50',
        'WORST P90',
        'WORST P99',
        'FROM/TO',
        'WINDOW',
        'SOURCE',
      ],
      [
        ...'server GET /orders/{id} 503 7'.split(' '),
        'not measured',
        'not measured',
        'not measured',
        'from shop/front-1',
        '60s (1 window)',
        'pixie',
      ],
      [
        ...'server GET /orders/{id} 200 200'.split(' '),
        '9 ms',
        'not measured',
        '850 ms',
        'from shop/front-1',
        '2m (2 windows)',
        'pixie',
      ],
      [
        ...'client POST /pay 200 100'.split(' '),
        'not measured',
        'not measured',
        'not measured',
        'to <unknown>',
        '60s (1 window)',
        'pixie',
      ],
    ]);
    expect(listed.err).toContain('percentiles are those of the worst window of each row');
  });

  test('takes roles, limits and formats', async () => {
    const url = await realOperator();
    await tell(url, [
      requests(1),
      requests(1, { path: '/cart', requests: 3 }),
      requests(1, { role: 'client' }),
      flow(1),
    ]);
    const ask = (...more: readonly string[]): Promise<Captured> =>
      capture(['requests', 'web-1', '-n', 'shop', '--url', url, ...more], realNow);
    expect(cellsOf(await ask('--role', 'client'))).toHaveLength(2);
    const limited = await ask('--role', 'server', '--limit', '1');
    expect(cellsOf(limited)).toHaveLength(2);
    expect(limited.err).toContain('# other: 3 requests in 1 more rows');
    expect((await ask('-o', 'wide')).out).toContain('WORST ENDED');
    const told = JSON.parse((await ask('-o', 'json')).out) as PodTraffic;
    expect([told.kind, told.requests.length, told.flows]).toEqual(['PodTraffic', 3, []]);
    expect((await ask('-o', 'yaml')).out).toContain('path: /orders/{id}');
    expect((await ask('--role', 'both')).code).toBe(2);
  });

  test('says what to do where nobody told of any', async () => {
    const url = await realOperator();
    const none = await capture(['requests', 'web-1', '-n', 'shop', '--url', url]);
    expect(none.code).toBe(5);
    expect(none.err).toContain('Connect Pixie, or send OpenTelemetry');
    const where = await capture(['requests', 'web-1', '--url', url]);
    expect(where).toMatchObject({ code: 2, err: expect.stringContaining('with -n') as string });
    await tell(url, [flow(1)]);
    expect((await capture(['requests', 'web-1', '-n', 'shop', '--url', url])).err).toContain(
      'no HTTP requests; `kgossip flows`',
    );
  });

  test('prints nothing that acts on the terminal', async () => {
    const url = await realOperator();
    await tell(url, [requests(1, { path: '/\u001b[31m', remote: '\u202eevil', source: 'p\u0007' })]);
    const { out } = await capture(['requests', 'web-1', '-n', 'shop', '--url', url], realNow);
    expect(out).toContain('/\\x1b[31m');
    expect(out).toContain('from \\u{202e}evil');
    expect(out).toContain('p\\x07');
  });
});

describe('kgossip flows', () => {
  test('lists who calls whom, and how much they exchange', async () => {
    const url = await realOperator();
    await tell(url, [
      flow(2, { connections: 1, protocol: 'pgsql' }),
      flow(1, { connections: 2, protocol: 'pgsql' }),
      flow(1, { role: 'server', remote: '10.0.0.7', remote_port: null, bytes_sent: 10, bytes_received: 5 }),
    ]);
    const listed = await capture(['flows', 'web-1', '-n', 'shop', '--url', url], realNow);
    expect(cellsOf(listed)).toEqual([
      'ROLE REMOTE PORT PROTOCOL SENT RECEIVED CONNECTIONS WINDOW SOURCE'.split(' '),
      ['client', 'shop/db-0', '5432', 'pgsql', '4 KiB', 'not measured', '3', '2m (2 windows)', 'pixie'],
      ['server', '10.0.0.7', '<none>', '<unknown>', '10 B', '5 B', 'not measured', '60s (1 window)', 'pixie'],
    ]);
  });
});

describe('explain', () => {
  test('says what the pod answered while it was throttled, and before', async () => {
    const url = await realOperator({ flushSeconds: 1 });
    const throttle = {
      type: 'cpu_throttle',
      pod_name: 'web-1',
      namespace: 'shop',
      throttle_percentage: 85.5,
      timestamp: minutesAgo(3),
    };
    await tell(url, [throttle]);
    await tell(url, [requests(9), requests(1, { p99_ms: 850 }), requests(1, { status: 500, requests: 25 })]);
    const explained = async (): Promise<string> =>
      (await capture(['explain', 'web-1', '-n', 'shop', '--url', url], realNow)).out.replaceAll(/\s+/g, ' ');
    await expect
      .poll(explained, { timeout: 15_000 })
      .toMatch(
        /Meanwhile: while it was throttled, it answered 125 requests, 5xx 20% \(in windows from \S+ to \S+ ago\); before that 100, 5xx 0% \(in windows from \S+ to \S+ ago\)\. From pixie\. - GET \/orders\/\{id\}: 125 answered; p99 of the worst window 850 ms, before 35 ms It coincides; that is no proof of cause\./,
      );
  });
});

describe('in a cluster', () => {
  const slice = (...pods: readonly string[]): object => ({
    endpoints: pods.map((name) => ({
      targetRef: { kind: 'Pod', name, namespace: 'kernel-gossip' },
      conditions: { ready: true },
    })),
    ports: [{ name: 'http', port: 8080 }],
  });

  /** An API server that knows these pods of the operator and carries connections to them. */
  const clusterOf = (
    ports: Readonly<Record<string, number | null>>,
  ): Promise<{ readonly KUBECONFIG: string }> =>
    scriptedCluster((_request, response) => {
      json(response, 200, { items: [slice(...Object.keys(ports))], status: { allowed: true } });
    }, forwarding(ports));

  const portOf = (url: string): number => Number(new URL(url).port);

  test('every replica is asked, and what they hold is put together', async () => {
    const [one, two] = [await realOperator(), await realOperator()];
    await tell(one, [requests(2), requests(1)]);
    await tell(two, [requests(1), requests(0, { p99_ms: 900 }), flow(1)]);
    const none = await realOperator();
    const env = await clusterOf({
      'op-1': portOf(one),
      'op-2': portOf(two),
      'op-3': portOf(none),
      'op-4': null,
    });
    const asked = await capture(['requests', 'web-1', '-n', 'shop'], { env, ...realNow });
    expect(asked.code).toBe(0);
    expect(cellsOf(asked)[1]).toEqual(expect.arrayContaining(['300', '900 ms', '3m (3 windows)']));
    expect(asked.err).toMatch(/# op-4 did not answer, and what it holds is missing: .*connection refused/);
    expect(cellsOf(await capture(['flows', 'web-1', '-n', 'shop'], { env, ...realNow }))).toHaveLength(2);
  });

  test('that no replica was told of any is said, and which of them did not answer', async () => {
    const env = await clusterOf({ 'op-1': portOf(await realOperator()), 'op-2': null });
    const none = await capture(['requests', 'web-1'], { env });
    expect(none.code).toBe(5);
    expect(none.err).toMatch(/nobody told this operator .* shop\/web-1 .*But op-2 did not answer: .*refused/);
  });

  test('an answer that is no traffic is as good as none', async () => {
    const server = createServer((_request, response) => {
      json(response, 200, { kind: 'PodTraffic' });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const env = await clusterOf({ 'op-1': (server.address() as AddressInfo).port, 'op-2': null });
    const odd = await capture(['flows', 'web-1'], { env });
    expect(odd.code).toBe(2);
    expect(odd.err).toMatch(/the answer of replica op-1 is not as expected .*same version/);
  });
});
