import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { PixieSource, PodTraffic } from 'kernel-gossip-types';
import { readConfig } from '../src/config.ts';
import type { RunningOperator } from '../src/operator.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { pixieTable, windowIn } from './support/pixie-play.ts';
import {
  makeCertificates,
  startPixieServer,
  type FakeCluster,
  type PixieServer,
  type ReceivedScript,
  type Step,
} from './support/pixie-server/index.ts';
import { runningOperator, temporaryFolder, whispersOf } from './support/running-operator.ts';

const CLUSTER_ID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const API_KEY = 'px-api-0b8f6f0e-3f0c-4d53-8f5e-1c2d3e4f5a6b';
const CONTAINER_ID = '3b'.repeat(32);
const SECOND_NS = 1_000_000_000n;
const MB = 1_000_000n;

const subject = { pod: 'shop/web-1', node: 'node-1' };
const container = { ...subject, container: 'app', container_id: CONTAINER_ID };

/** What each of the six scripts sees in a window of a pod that has every trouble there is. */
function trouble({ name, query }: ReceivedScript): readonly Step[] {
  const { startNs, endNs } = windowIn(query);
  const span = { first_time: startNs + SECOND_NS, time_: endNs - SECOND_NS };
  // Counters that go on from window to window: 9 of 10 periods throttled, half of the time withheld.
  const counters = (ns: bigint, side: 'first' | 'last') => ({
    [`nr_periods_${side}`]: ns / (100n * MB),
    [`nr_throttled_${side}`]: (ns / (1000n * MB)) * 9n,
    [`throttled_ns_${side}`]: ns / 2n,
  });
  switch (name) {
    case 'cpu_throttle_detector':
      return pixieTable('cpu_throttle', [
        {
          ...container,
          ...span,
          quota_ns: 50n * MB,
          period_ns: 100n * MB,
          ...counters(span.first_time, 'first'),
          ...counters(span.time_, 'last'),
          cpu_ns: 14n * SECOND_NS,
          cpu_window_ns: 28n * SECOND_NS,
        },
      ]);
    case 'pod_creation_trace':
      return pixieTable('pod_creation', [
        {
          ...container,
          time_: span.time_,
          began_time: span.first_time,
          program: '/bin/app',
          total_syscalls: 847n,
          duration_ns: 900n * MB,
          cgroup_writes: 23n,
        },
      ]);
    case 'memory_pressure_monitor':
      return pixieTable('memory_pressure', [
        {
          ...container,
          ...span,
          usage_bytes: 97n * MB,
          limit_bytes: 100n * MB,
          rss_bytes: 96n * MB,
          oom_kills: 1n,
        },
      ]);
    case 'network_issue_finder':
      return pixieTable('network_issue', [
        { ...subject, ...span, symptom: 'retransmits', failed: 30n, attempted: 200n },
      ]);
    case 'http_request_trace':
      return pixieTable('http_requests', [
        {
          ...subject,
          ...span,
          role: 2n,
          method: 'GET',
          path: '/orders/{id}',
          status: 500n,
          requests: 12n,
          p99_ns: 250n * MB,
        },
      ]);
    case 'network_flow':
      return pixieTable('network_flows', [
        {
          ...subject,
          ...span,
          role: 1n,
          remote: 'shop/db-0',
          remote_port: 5432n,
          protocol: 'pgsql',
          bytes_sent: 1000n,
          bytes_received: 2000n,
          connections: 1n,
        },
      ]);
    default:
      return pixieTable('cpu_throttle', []);
  }
}

interface Played {
  readonly cluster?: Partial<FakeCluster>;
  readonly scripts?: (script: ReceivedScript) => readonly Step[];
}

interface Cloud {
  readonly server: PixieServer;
  readonly cluster: FakeCluster;
  /** What the environment of an operator says that asks this cloud. */
  readonly env: Readonly<Record<string, string>>;
}

/** Pixie's cloud, by TLS under an authority of its own, as a self-hosted one is. */
async function pixieCloud({ cluster: changes = {}, scripts = trouble }: Played = {}): Promise<Cloud> {
  const folder = temporaryFolder();
  const { ca, cert, key } = await makeCertificates(folder);
  const caFile = join(folder, 'authority.pem');
  writeFileSync(caFile, ca);
  const cluster: FakeCluster = {
    id: CLUSTER_ID,
    name: 'staging',
    status: 'HEALTHY',
    vizierVersion: '0.14.15',
    ...changes,
  };
  const server = await startPixieServer({
    tls: { key, cert },
    apiKey: API_KEY,
    clusters: [cluster],
    scripts,
  });
  onTestFinished(() => server.close());
  return {
    server,
    cluster,
    env: {
      PIXIE_CLOUD_ADDR: `localhost:${server.port}`,
      PIXIE_API_KEY: API_KEY,
      PIXIE_CLUSTER_ID: CLUSTER_ID,
      PIXIE_CA_FILE: caFile,
    },
  };
}

/** An operator that asks Pixie, on a real SQLite file. */
const operatorWith = (
  env: Readonly<Record<string, string>>,
  dataDir = temporaryFolder(),
): Promise<RunningOperator> =>
  runningOperator({ ...readConfig([], env), port: 0, host: '127.0.0.1', store: 'sqlite' }, dataDir);

const sourceOf = async ({ url }: RunningOperator): Promise<PixieSource | null> => {
  const response = await fetch(`${url}/api/v1alpha1/pixiesources`);
  return ((await response.json()) as { readonly items: readonly PixieSource[] }).items[0] ?? null;
};

const readyOf = async (operator: RunningOperator) => {
  const source = await sourceOf(operator);
  return source?.status?.conditions?.find(({ type }) => type === 'Ready') ?? null;
};

const metricsOf = async ({ url }: RunningOperator): Promise<string> => (await fetch(`${url}/metrics`)).text();

/** Scripts begin within ten seconds of each other. */
const PATIENCE = { timeout: 25_000, interval: 100 };

describe('an operator with Pixie', { timeout: 60_000 }, () => {
  it('makes whispers, certificates and traffic of what the six scripts see', async () => {
    const { server, env } = await pixieCloud();
    const operator = await operatorWith(env);
    await vi.waitFor(async () => {
      const { status } = (await sourceOf(operator)) ?? {};
      expect(status?.scripts?.map(({ last_success }) => last_success !== null)).toEqual(Array(6).fill(true));
    }, PATIENCE);

    const whispers = await whispersOf(operator.url);
    expect(whispers.map(({ spec }) => [spec.kind, spec.source?.name]).sort()).toEqual([
      ['cpu_throttle', 'pixie'],
      ['memory_pressure', 'pixie'],
      ['network_issue', 'pixie'],
    ]);
    expect(whispers.find(({ spec }) => spec.kind === 'cpu_throttle')?.spec).toMatchObject({
      pod_name: 'web-1',
      container_name: 'app',
      throttled_percent: 90,
      kernel_truth: { nr_periods: 280, nr_throttled: 252, limit_cores: 0.5 },
    });
    expect(await operator.store.list('PodBirthCertificate')).toMatchObject([
      { spec: { pod_name: 'web-1', kernel_stats: { cgroup_writes: 23 } } },
    ]);
    const traffic = await fetch(`${operator.url}/api/v1alpha1/namespaces/shop/pods/web-1/traffic`);
    expect((await traffic.json()) as PodTraffic).toMatchObject({
      requests: [{ method: 'GET', path: '/orders/{id}', status: 500, requests: 12 }],
      flows: [{ remote: 'shop/db-0', remote_port: 5432, bytes_sent: 1000 }],
    });

    const source = await sourceOf(operator);
    expect(source?.spec).toMatchObject({ address: `localhost:${server.port}`, cluster_id: CLUSTER_ID });
    expect(source?.status).toMatchObject({
      cluster_name: 'staging',
      cluster_status: 'HEALTHY',
      vizier_version: '0.14.15',
    });
    expect(await readyOf(operator)).toMatchObject({ status: 'True', reason: 'Connected' });
    const metrics = await metricsOf(operator);
    expect(metrics).toContain('kernel_gossip_pixie_up{reason="Connected"} 1');
    expect(metrics).toMatch(/^kernel_gossip_pixie_rows_total\{script="network_flow"\} [12]$/m);
    // Scripts with probes deploy them, and every batch was encrypted on its way.
    const mutating = server.received.filter(({ mutation }) => mutation).map(({ name }) => name);
    expect(new Set(mutating)).toEqual(
      new Set([
        'cpu_throttle_detector',
        'pod_creation_trace',
        'memory_pressure_monitor',
        'network_issue_finder',
      ]),
    );
    expect(server.received.every(({ encryption }) => encryption !== null)).toBe(true);
  });

  it('goes on after a restart where it stopped: each window once, none left out, and what is too old is said to be lost', async () => {
    const { server, env } = await pixieCloud();
    const one = { ...env, PIXIE_SCRIPTS: 'cpu_throttle_detector' };
    const dataDir = temporaryFolder();
    const first = await operatorWith(one, dataDir);
    await vi.waitFor(async () => {
      expect((await sourceOf(first))?.status?.scripts?.[0]?.rows).toBe(1);
    }, PATIENCE);
    await first.close();

    // As if it had been away: 95 seconds as the one, 20 minutes as the other.
    const awayFor = async (ms: number): Promise<void> => {
      const store = openSqliteStore({ path: join(dataDir, 'kernel-gossip.db') });
      const ref = { namespace: 'kernel-gossip', name: 'pixie' };
      const status = (await store.get('PixieSource', ref))!.status!;
      const end = Math.floor((Date.now() - ms) / 30_000) * 30_000;
      const scripts = status.scripts!.map((script) => ({
        ...script,
        window_end: new Date(end).toISOString(),
      }));
      await store.applyStatus('PixieSource', ref, {
        manager: 'kernel-gossip-pixie',
        fields: { ...status, scripts },
      });
      await store.close();
    };
    const windowsAsked = async (): Promise<readonly { startNs: bigint; endNs: bigint }[]> => {
      const before = server.received.length;
      const operator = await operatorWith(one, dataDir);
      await vi.waitFor(async () => {
        const end = (await sourceOf(operator))?.status?.scripts?.[0]?.window_end ?? '';
        expect(Date.parse(end)).toBeGreaterThan(Date.now() - 30_000 - 10_000 - 10_000 - 1000);
      }, PATIENCE);
      await operator.close();
      return server.received.slice(before).map(({ query }) => windowIn(query));
    };

    await awayFor(95_000);
    const short = await windowsAsked();
    expect(short.length).toBeGreaterThanOrEqual(2);
    short.slice(1).forEach(({ startNs }, index) => {
      expect(startNs).toBe(short[index]!.endNs + 1n);
    });

    await awayFor(1_200_000);
    const long = await windowsAsked();
    expect(long.length).toBeGreaterThanOrEqual(19);
    expect(long.length).toBeLessThanOrEqual(21);
    const store = openSqliteStore({ path: join(dataDir, 'kernel-gossip.db') });
    const [script] = (await store.list('PixieSource'))[0]!.status!.scripts!;
    const [whisper] = await store.list('KernelWhisper');
    await store.close();
    // One row a window, and each was counted once, whoever ran it.
    expect(whisper?.status?.observations).toBe(server.received.length);
    expect(script!.lost_seconds).toBeGreaterThanOrEqual(570);
    expect(script!.lost_seconds).toBeLessThanOrEqual(630);
  });

  it.each([
    ['WrongKey', { PIXIE_API_KEY: 'px-api-another' }, {}],
    ['UnknownCluster', { PIXIE_CLUSTER_ID: '11111111-2222-4333-8444-555555555555' }, {}],
    ['Unhealthy', {}, { status: 'UNHEALTHY' as const, statusMessage: 'no PEM runs' }],
    ['Unreachable', { PIXIE_CLOUD_ADDR: 'localhost:1' }, {}],
    ['NotConfigured', { PIXIE_CLUSTER_ID: '' }, {}],
    ['NotConfigured', { PIXIE_CLUSTER_ID: 'staging' }, {}],
    ['NotConfigured', { PIXIE_CA_FILE: '/nowhere/ca.pem' }, {}],
    ['NotConfigured', { PIXIE_DIRECT_ADDR: 'localhost:1' }, {}],
  ])('says %s, with %j, and is ready all the same', async (reason, env, cluster) => {
    const cloud = await pixieCloud({ cluster });
    const operator = await operatorWith({ ...cloud.env, PIXIE_SCRIPTS: 'network_flow', ...env });
    await vi.waitFor(async () => {
      expect(await readyOf(operator)).toMatchObject({ status: 'False', reason });
    }, PATIENCE);
    expect((await fetch(`${operator.url}/ready`)).status).toBe(200);
    const said = JSON.stringify(await sourceOf(operator)) + (await metricsOf(operator));
    expect(said).not.toContain(API_KEY);
    expect(said).not.toContain('px-api-another');
    if (reason !== 'NotConfigured') expect(said).toContain(`kernel_gossip_pixie_up{reason="${reason}"} 0`);
    expect(await whispersOf(operator.url)).toEqual([]);
  });

  it('says nothing of a Pixie that nobody asked for', async () => {
    const operator = await operatorWith({});
    expect(await sourceOf(operator)).toBeNull();
    expect(await metricsOf(operator)).not.toContain('kernel_gossip_pixie_up{');
  });

  it('asks a standalone PEM without key and without cloud', async () => {
    const server = await startPixieServer({ scripts: trouble });
    onTestFinished(() => server.close());
    const operator = await operatorWith({
      PIXIE_DIRECT_ADDR: server.url,
      PIXIE_SCRIPTS: 'memory_pressure_monitor',
    });
    await vi.waitFor(async () => {
      expect(await whispersOf(operator.url)).toMatchObject([{ spec: { kind: 'memory_pressure' } }]);
    }, PATIENCE);
    expect(await readyOf(operator)).toMatchObject({ status: 'True', reason: 'Connected' });
    expect(
      server.received.every(({ clusterId, apiKey }) => clusterId === 'localhost' && apiKey === null),
    ).toBe(true);
  });

  it('runs the other scripts while one does not compile, and says which and where', async () => {
    const { env } = await pixieCloud({
      scripts: (script) =>
        script.name === 'network_flow'
          ? [{ kind: 'compileError', line: 7, column: 3, message: "name 'conn_stats' is not defined" }]
          : trouble(script),
    });
    const operator = await operatorWith({ ...env, PIXIE_SCRIPTS: 'network_flow,memory_pressure_monitor' });
    await vi.waitFor(async () => {
      expect(await readyOf(operator)).toMatchObject({ status: 'False', reason: 'ScriptFailing' });
      expect(await whispersOf(operator.url)).toMatchObject([{ spec: { kind: 'memory_pressure' } }]);
    }, PATIENCE);
    expect((await readyOf(operator))?.message).toMatch(/^network_flow failed \d+ times in a row: .*7.*3/);
    expect(await metricsOf(operator)).toMatch(
      /^kernel_gossip_pixie_runs_total\{script="network_flow",result="script"\} [1-9]/m,
    );
  });
});
