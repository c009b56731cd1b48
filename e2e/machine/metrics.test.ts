import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findHierarchy } from 'kernel-gossip-observer';
import { ensurePackages, findProgram, findProgramOrThrow } from '../src/cluster/built/programs.ts';
import { run, runOrThrow } from '../src/command.ts';
import { documentedIn, RUNBOOKS, type Documented } from '../src/monitoring/documented.ts';
import { parseExposition, type Exposed } from '../src/monitoring/exposition.ts';
import { startPrometheus, type Prometheus } from '../src/monitoring/prometheus.ts';
import { FOLDER, metricsIn, QUERIES, RULE_FILE, RULES, VARIABLES } from '../src/monitoring/shipped.ts';
import { until } from '../src/poll.ts';
import { startProgram, type Program } from '../src/program.ts';

/** What others tell: Prometheus itself, and kube-state-metrics. */
const FOREIGN = [
  'up',
  'kube_daemonset_status_desired_number_scheduled',
  'kube_daemonset_status_number_available',
];
/** What an observer tells only when its first minute is over, and only where the kernel tells it. */
const SOMETIMES = ['kernel_gossip_observer_cpu_cores', 'kernel_gossip_observer_ebpf_seconds_total'];
/** What has no samples here: no OTLP is sent, nothing fails or is remedied, Pixie never answers. */
const NOTHING_TO_TELL = new Set([
  ...SOMETIMES,
  'kernel_gossip_remedies',
  'kernel_gossip_otlp_items_total',
  'controller_runtime_reconcile_errors_total',
  'kernel_gossip_pixie_last_success_timestamp_seconds',
  'kernel_gossip_observer_lost_events_total',
]);
/** What Node's programs tell by themselves; no tables say that. */
const COMMON = /^(process|nodejs)_/;

const POD_UID = '0dbd5b3c-71ab-4bd0-9d1c-6ac4f6a0b3d5';
const CONTAINER_ID = '3f4e'.repeat(16);

/** A cgroup as a container of a pod has it, on version 1 and 2 alike. */
function makeContainerGroup(): { readonly subtree: string; readonly remove: () => void } {
  const { cpu } = findHierarchy('/sys/fs/cgroup');
  const subtree = `/kernel-gossip-test-metrics-${process.pid}`;
  const group = join(cpu, subtree, 'kubepods', `pod${POD_UID}`, CONTAINER_ID);
  mkdirSync(group, { recursive: true });
  return {
    subtree,
    remove: () => {
      for (let path = group; path !== cpu; path = dirname(path)) rmdirSync(path);
    },
  };
}

const hostOf = async (program: Program, line: RegExp): Promise<string> =>
  `127.0.0.1:${line.exec(await program.line(line))?.[1] ?? ''}`;

const exposedBy = async (host: string): Promise<readonly Exposed[]> =>
  parseExposition(await (await fetch(`http://${host}/metrics`)).text());

const THROTTLE = {
  type: 'cpu_throttle',
  pod_name: 'web-1',
  namespace: 'shop',
  container_name: 'app',
  throttle_percentage: 85.5,
  actual_cpu_usage: 0.98,
  period_seconds: 60,
  timestamp: new Date().toISOString(),
};

const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-metrics-'));
const state = {
  programs: [] as Program[],
  operator: '',
  observer: '',
  removeGroup: (): void => undefined,
};

/** Everything on that can be on: what is off tells nothing. */
beforeAll(async () => {
  await ensurePackages(
    findProgram('prometheus') === undefined ? ['prometheus'] : [],
    'the test of alerts and dashboard',
  );
  const operator = startProgram('packages/operator/bin/kernel-gossip-operator.js', [
    ...['--store', 'sqlite', '--data', join(folder, 'data'), '--host', '127.0.0.1', '--port', '0'],
    // Nobody listens there: Pixie is asked, and away.
    ...['--pixie-direct-addr', '127.0.0.1:9', '--otlp-http-port', '0'],
    ...['--export-endpoint', 'http://127.0.0.1:9'],
  ]);
  state.programs.push(operator);
  state.operator = await hostOf(operator, /"url":"http:\/\/127\.0\.0\.1:(\d+)"/);
  const { subtree, remove } = makeContainerGroup();
  state.removeGroup = remove;
  const observer = startProgram('packages/observer/bin/kernel-gossip-observer.js', [
    ...['--url', `http://${state.operator}`, '--subtree', subtree, '--local-names', 'true'],
    ...['--metrics-port', '0', '--container-metrics', 'true', '--spool-dir', join(folder, 'spool')],
  ]);
  state.programs.push(observer);
  state.observer = await hostOf(observer, /"port":(\d+),"msg":"metrics can be read"/);
  await fetch(`http://${state.operator}/webhook/pixie`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify([THROTTLE, { ...THROTTLE, pod_name: 'web-2', provenance: 'synthetic' }]),
  });
});

afterAll(async () => {
  await Promise.all(state.programs.map((program) => program.stop()));
  state.removeGroup();
  rmSync(folder, { recursive: true, force: true });
});

/** Rows and families that have no partner, and those that say different things. */
function differences(exposed: readonly Exposed[], documented: readonly Documented[]): unknown {
  const ours = exposed.filter(({ name }) => !COMMON.test(name));
  const rows = new Map(documented.map((row) => [row.name, row]));
  return {
    undocumented: ours.filter(({ name }) => !rows.has(name)).map(({ name }) => name),
    untold: [...rows.keys()].filter(
      (name) => !SOMETIMES.includes(name) && !ours.some((one) => one.name === name),
    ),
    different: ours.flatMap(({ name, type, help, labels }) => {
      const row = rows.get(name);
      if (row === undefined) return [];
      const unknown = labels.filter((label) => !row.labels.includes(label));
      return row.type === type && row.help === help && unknown.length === 0
        ? []
        : [{ name, type, help, unknown }];
    }),
  };
}

describe('what the running programs tell', () => {
  it('is what docs/metrics.md says of the operator', async () => {
    const exposed = await exposedBy(state.operator);
    expect(differences(exposed, documentedIn('The operator'))).toEqual({
      undocumented: [],
      untold: [],
      different: [],
    });
  });

  it('is what docs/metrics.md says of the observer', async () => {
    const exposed = await until('samples of a container', { timeoutMs: 20_000 }, async () => {
      const now = await exposedBy(state.observer);
      return now.some(({ labels }) => labels.includes('container_id')) ? now : undefined;
    });
    const documented = documentedIn('The observer').filter(({ name }) => !COMMON.test(name));
    expect(differences(exposed, documented)).toEqual({ undocumented: [], untold: [], different: [] });
  });

  it('has no label for pods on the operator’s side, and few samples', async () => {
    const exposed = await exposedBy(state.operator);
    const labels = new Set(exposed.flatMap((one) => one.labels));
    for (const label of ['pod', 'pod_name', 'pod_uid', 'namespace', 'container', 'container_name', 'node']) {
      expect(labels).not.toContain(label);
    }
    expect(exposed.reduce((sum, { samples }) => sum + samples, 0)).toBeLessThan(1000);
  });

  it('is as Prometheus’ own linter wants it, but for what Node’s client tells by itself', async () => {
    for (const host of [state.operator, state.observer]) {
      const text = await (await fetch(`http://${host}/metrics`)).text();
      const { stderr } = await run(findProgramOrThrow('promtool'), ['check', 'metrics'], { input: text });
      expect(stderr.split('\n').filter((line) => line !== '' && !COMMON.test(line))).toEqual([]);
    }
  });
});

describe('the alerts', () => {
  it('fire where they must, and only there', async () => {
    const rules = join(folder, 'rules');
    mkdirSync(rules, { recursive: true });
    writeFileSync(join(rules, 'prometheus-rule.yaml'), RULE_FILE);
    copyFileSync(join(FOLDER, 'prometheus-rule.test.yaml'), join(rules, 'test.yaml'));
    const promtool = (...args: readonly string[]) => runOrThrow(findProgramOrThrow('promtool'), args);
    expect(await promtool('check', 'rules', join(rules, 'prometheus-rule.yaml'))).toContain(
      `${RULES.length} rules found`,
    );
    expect(await promtool('test', 'rules', join(rules, 'test.yaml'))).toContain('SUCCESS');
  });

  it('have a test each, and a part in docs/metrics.md', () => {
    const tests = readFileSync(join(FOLDER, 'prometheus-rule.test.yaml'), 'utf8');
    const names = RULES.map(({ alert }) => alert);
    expect(RUNBOOKS).toEqual(names);
    expect(names.filter((name) => !tests.includes(`alertname: ${name}\n`))).toEqual([]);
    expect(RULES.map(({ annotations }) => annotations.runbook)).toEqual(
      names.map((name) => `docs/metrics.md#${name.toLowerCase()}`),
    );
  });
});

describe('alerts and dashboard', () => {
  it('ask only for what the running programs tell', async () => {
    const exposed = [...(await exposedBy(state.operator)), ...(await exposedBy(state.observer))];
    const told = exposed.flatMap(({ name, type }) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    const known = new Set([...told, ...FOREIGN, ...SOMETIMES]);
    const asked = [...RULES, ...QUERIES].flatMap(({ expr }) => metricsIn(expr));
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
    for (const variable of VARIABLES.filter((text) => text.startsWith('label_values('))) {
      expect(known).toContain(/^label_values\((\w+),/.exec(variable)?.[1]);
    }
  });
});

describe('a Prometheus that scrapes both', () => {
  let prometheus: Prometheus;
  beforeAll(async () => {
    prometheus = await startPrometheus(
      findProgramOrThrow('prometheus'),
      [
        { job: 'kernel-gossip-operator', address: state.operator, labels: { pod: 'operator-1' } },
        { job: 'kernel-gossip-observer', address: state.observer, labels: { node: 'node-1' } },
      ],
      RULE_FILE,
    );
    await until('some scrapes of both', { timeoutMs: 60_000 }, async () => {
      const counts = await prometheus.query('count_over_time(up[1m]) and up == 1');
      return counts.length === 2 && counts.every(({ value }) => Number(value[1]) > 5) ? true : undefined;
    });
  });
  afterAll(() => prometheus.stop());

  it('evaluates every alert, and sees those that are due', async () => {
    const rules = await until('all rules', { timeoutMs: 30_000 }, async () => {
      const now = await prometheus.rules();
      return [...now.values()].includes('unknown') ? undefined : now;
    });
    expect(rules).toEqual(new Map(RULES.map(({ alert }) => [alert, 'ok'])));
    // Neither Pixie nor the receiver of findings is there.
    const due = ['KernelGossipExportStuck', 'KernelGossipPixieAway'];
    const raised = await until('the alerts', { timeoutMs: 30_000 }, async () => {
      const alerts = await prometheus.query('ALERTS');
      return alerts.length < due.length ? undefined : alerts;
    });
    expect(raised.map(({ metric }) => metric.alertname).sort()).toEqual(due);
  });

  it('answers every query of the dashboard, and has nothing only where there is nothing', async () => {
    const empty: string[] = [];
    for (const { expr } of QUERIES) {
      if ((await prometheus.query(expr)).length === 0) empty.push(expr);
    }
    expect(empty.filter((expr) => !metricsIn(expr).some((name) => NOTHING_TO_TELL.has(name)))).toEqual([]);
  });

  it('counts measured and synthetic trouble apart', async () => {
    const oldest = await prometheus.query('kernel_gossip_oldest_open_whisper_timestamp_seconds');
    expect(oldest.map(({ metric }) => metric.provenance).sort()).toEqual(['measured', 'synthetic']);
    for (const { value } of oldest) expect(Number(value[1])).toBe(Date.parse(THROTTLE.timestamp) / 1000);
    const [open] = await prometheus.query(
      'sum(kernel_gossip_whispers{phase="Open", severity="critical", provenance="measured"})',
    );
    expect(open?.value[1]).toBe('1');
  });
});

it('the kustomization has all of it', async () => {
  const built = await runOrThrow('kubectl', ['kustomize', FOLDER]);
  for (const kind of ['ServiceMonitor', 'PodMonitor', 'PrometheusRule', 'ConfigMap']) {
    expect(built).toContain(`kind: ${kind}`);
  }
  expect(built).toContain('grafana_dashboard: "1"');
});
