import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../poll.ts';

export interface ScrapeTarget {
  readonly job: string;
  /** host:port. */
  readonly address: string;
  /** Labels that the monitors add. */
  readonly labels: Readonly<Record<string, string>>;
}

/** One sample of what a query found. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  /** Throws what Prometheus says where it cannot make sense of the query. */
  query(expr: string): Promise<readonly Found[]>;
  /** What became of each rule when it was evaluated last: `ok`, `err` or `unknown`, by its name. */
  rules(): Promise<ReadonlyMap<string, string>>;
  stop(): Promise<void>;
}

/** A real Prometheus that scrapes every second and evaluates these rules. Resolves when it answers. */
export async function startPrometheus(
  program: string,
  targets: readonly ScrapeTarget[],
  rules: string,
): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-prometheus-'));
  writeFileSync(join(folder, 'rules.yaml'), rules);
  writeFileSync(join(folder, 'prometheus.yaml'), JSON.stringify(configOf(targets)));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://${address}${path}`);
    const answer = (await response.json()) as Answer;
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error ?? response.statusText}`);
    return answer.data;
  };
  await until('Prometheus', { timeoutMs: 30_000 }, () => get('/api/v1/status/buildinfo').then(() => true));
  return {
    query: async (expr) =>
      ((await get(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as { result: readonly Found[] }).result,
    rules: async () => {
      const { groups } = (await get('/api/v1/rules')) as RuleGroups;
      return new Map(groups.flatMap((group) => group.rules.map(({ name, health }) => [name, health])));
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: unknown;
}
interface RuleGroups {
  readonly groups: readonly {
    readonly rules: readonly { readonly name: string; readonly health: string }[];
  }[];
}

const configOf = (targets: readonly ScrapeTarget[]): unknown => ({
  global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
  rule_files: ['rules.yaml'],
  scrape_configs: targets.map(({ job, address, labels }) => ({
    job_name: job,
    static_configs: [{ targets: [address], labels }],
  })),
});

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
