import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readConfig as readObserverConfig, SETTINGS } from 'kernel-gossip-observer';
import { readConfig as readOperatorConfig } from 'kernel-gossip-operator';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { configHelp } from '../../../packages/operator/src/config.ts';
import { runOrThrow } from '../command.ts';
import { REPOSITORY } from '../install.ts';
import { build, type Manifest } from '../pixie-cloud/build.ts';
import { at, isObject, type Json } from '../pixie-cloud/tree.ts';
import { CASES, caseFile, documents, goldens } from './files.ts';
import { CHART, helmFor, RELEASE, renderText, type Helm } from './helm.ts';
import { differences, objectsOf, plainObjects } from './objects.ts';
import { chartValues, pathsIn, readSchema, valuesText, withValue } from './values.ts';

/** Where Helm never was built: it is then, from its Go modules. */
const BUILDING_MS = 1_200_000;
/** Helm is a program of its own for each render, on a machine that may be busy. */
const RENDERING_MS = 600_000;

const state: { helm?: Helm } = {};
const helm: Helm = (args, options) => state.helm!(args, options);
beforeAll(async () => {
  state.helm = await helmFor();
}, BUILDING_MS);

const EVERYTHING = parse(readFileSync(caseFile('everything'), 'utf8')) as Json;
/** What the goldens leave out is on as well. */
const BASE = [
  ['crds', 'install'],
  ['monitoring', 'rules', 'enabled'],
  ['monitoring', 'dashboard', 'enabled'],
].reduce((values, path) => withValue(values, path, true), EVERYTHING);
const VALUES = chartValues();

describe('the chart', { timeout: RENDERING_MS }, () => {
  it('has no fault that helm lint finds', async () => {
    for (const name of CASES) {
      const { code, stdout } = await helm(['lint', '--strict', '--quiet', CHART, '--values', caseFile(name)]);
      expect({ name, code, stdout }).toMatchObject({ code: 0 });
    }
  });

  it('renders each case as it did (`npm run chart -w kernel-gossip-e2e` writes anew)', async () => {
    for (const { path, text } of await goldens(helm)) expect(text).toBe(readFileSync(path, 'utf8'));
    expect(readdirSync(join(CHART, 'tests/golden')).sort()).toEqual(
      CASES.map((name) => `${name}.yaml`).sort(),
    );
  });

  it('is the same in a package, which has what the links lead to', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-chart-'));
    onTestFinished(() => {
      rmSync(directory, { recursive: true });
    });
    expect(await helm(['package', CHART, '--destination', directory])).toMatchObject({ code: 0 });
    const [name = ''] = readdirSync(directory);
    const files = (await runOrThrow('tar', ['-tzf', join(directory, name)])).split('\n');
    expect(files.filter((file) => file.includes('/tests/'))).toEqual([]);
    const { stdout } = await helm(['template', RELEASE, join(directory, name), '--namespace', RELEASE]);
    expect(stdout).toBe(await renderText(helm));
  });

  it('has the version of the programs', () => {
    const chart: unknown = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'));
    for (const name of ['operator', 'observer']) {
      const text = readFileSync(join(REPOSITORY, 'packages', name, 'package.json'), 'utf8');
      const { version } = JSON.parse(text) as { readonly version: string };
      expect(at(chart, 'version')).toBe(version);
      expect(at(chart, 'appVersion')).toBe(version);
    }
  });
});

describe('the chart and the plain manifests', { timeout: RENDERING_MS }, () => {
  const CRDS = plainObjects('k8s/crds');
  const OPERATOR = plainObjects('k8s/operator');
  const FILE_MODE = plainObjects('k8s/observer');
  const KERNEL_MODE = [
    ...FILE_MODE.filter(({ kind }) => kind !== 'DaemonSet'),
    ...plainObjects('k8s/observer/kernel-mode'),
  ];
  /** Helm itself makes the namespace of a release, before it has any object of it, and puts no labels on it. */
  const MADE_BY_HELM = ['Namespace kernel-gossip: only in the plain manifests'];

  it.each([
    ['as they come', [...CRDS, ...OPERATOR, ...FILE_MODE], {}],
    ['in kernel mode', [...CRDS, ...OPERATOR, ...KERNEL_MODE], { observer: { mode: 'kernel' } }],
    ['without the observer', [...CRDS, ...OPERATOR], { observer: { enabled: false } }],
    ['without the kinds of resource', [...OPERATOR, ...FILE_MODE], { crds: { install: false } }],
  ])('say the same %s', async (_what, plain, values) => {
    expect(plain.length).toBeGreaterThan(15);
    expect(differences(plain, objectsOf(await renderText(helm, values)))).toEqual(MADE_BY_HELM);
  });

  it('say the same to Prometheus and Grafana', async () => {
    const monitoring = await build(join(REPOSITORY, 'k8s/monitoring/kernel-gossip'));
    const on = { enabled: true };
    const values = { crds: { install: false }, monitoring: { monitors: on, rules: on, dashboard: on } };
    const rendered = objectsOf(await renderText(helm, values));
    expect(monitoring).toHaveLength(4);
    expect(differences([...OPERATOR, ...FILE_MODE, ...monitoring], rendered)).toEqual(MADE_BY_HELM);
  });

  it('say the same in other namespaces', async () => {
    const moved = JSON.stringify([...OPERATOR, ...FILE_MODE])
      .replaceAll('"kernel-gossip-observer","labels"', '"node-agents","labels"')
      .replaceAll('"namespace":"kernel-gossip-observer"', '"namespace":"node-agents"')
      .replaceAll('metadata.name":"kernel-gossip-observer"', 'metadata.name":"node-agents"')
      .replaceAll('"namespace":"kernel-gossip"', '"namespace":"gossip"')
      .replaceAll('kernel-gossip-operator.kernel-gossip.svc', 'kernel-gossip-operator.gossip.svc');
    const values = { crds: { install: false }, observer: { namespace: { name: 'node-agents' } } };
    const found = differences(
      JSON.parse(moved) as readonly Manifest[],
      objectsOf(await renderText(helm, values, 'gossip')),
    );
    expect(found).toEqual([
      ...MADE_BY_HELM,
      // Whose tokens it takes for those of observers has to be said, then: one more variable.
      expect.stringMatching(
        /^Deployment gossip\/kernel-gossip-operator\.spec.*OBSERVER_SERVICE_ACCOUNT.*node-agents\/kernel-gossip-observer/,
      ),
    ]);
  });

  it('look nowhere else when they are in other namespaces', async () => {
    const on = { enabled: true };
    const values = {
      observer: { namespace: { name: 'node-agents' } },
      monitoring: { monitors: on, rules: on, dashboard: on },
    };
    const text = await renderText(helm, values, 'gossip');
    expect(text).toMatch(/namespace="node-agents"/);
    expect(text).not.toMatch(/(namespace: |namespace=\\?"|-n )kernel-gossip/);
  });

  it('are not mixed up where either is in a namespace that the other is in by default', async () => {
    const values = {
      observer: { namespace: { name: 'kernel-gossip' } },
      monitoring: { monitors: { enabled: true } },
    };
    const rendered = objectsOf(await renderText(helm, values, 'kernel-gossip-observer'));
    const placeOf = (kind: string, name: string): unknown =>
      at(
        rendered.find((object) => object.kind === kind && at(object, 'metadata', 'name') === name),
        ...['metadata', 'namespace'],
      );
    expect(placeOf('PodMonitor', 'kernel-gossip-observer')).toBe('kernel-gossip');
    expect(placeOf('ServiceMonitor', 'kernel-gossip-operator')).toBe('kernel-gossip-observer');
  });

  it('stay names where a namespace looks like a number', async () => {
    const values = { observer: { namespace: { name: '456' }, priorityClassName: '789' } };
    const rendered = objectsOf(await renderText(helm, values, '123'));
    const places = new Set(rendered.map((object) => at(object, 'metadata', 'namespace')));
    expect([...places].filter((place) => place !== undefined).sort()).toEqual(['123', '456']);
    const daemonSet = rendered.find(({ kind }) => kind === 'DaemonSet');
    expect(at(daemonSet, 'spec', 'template', 'spec', 'priorityClassName')).toBe('789');
  });

  it('keep the kinds of resource, and with them the findings, when the release goes', async () => {
    const kept = async (values: object) =>
      objectsOf(await renderText(helm, values))
        .filter((object) => at(object, 'metadata', 'annotations', 'helm.sh/resource-policy') === 'keep')
        .map(({ kind }) => kind);
    expect(await kept({})).toEqual(CRDS.map(() => 'CustomResourceDefinition'));
    expect(await kept({ crds: { keep: false } })).toEqual([]);
  });
});

describe('the values of the chart', { timeout: RENDERING_MS }, () => {
  it('are in the schema, one and all', () => {
    const known = new Set(VALUES.map(({ path }) => path.join('.')));
    const settings = ['operator.settings', 'observer.settings'];
    expect(
      pathsIn(parse(valuesText()), readSchema()).filter(
        (path) => !known.has(path) && !settings.includes(path),
      ),
    ).toEqual([]);
  });

  it.each(VALUES.map((value) => [value.path.join('.'), value] as const))(
    '%s is described, and has a default or belongs to a program',
    (name, { description, fallback, example }) => {
      expect(description).toMatch(/^.{10,}$/);
      expect(example).toBeDefined();
      expect(fallback === undefined).toBe(/^(operator|observer)\.settings\./.test(name));
    },
  );

  it('stand in the README and in the comments of values.yaml as the schema has them', async () => {
    for (const { path, text } of await documents()) expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('change what is rendered, each of them', async () => {
    const before = await renderText(helm, BASE);
    const idle: string[] = [];
    for (const { path, example, fallback } of VALUES) {
      const other = isDeepStrictEqual(at(BASE, ...path), example) ? fallback : example;
      if ((await renderText(helm, withValue(BASE, path, other))) === before) idle.push(path.join('.'));
    }
    expect(idle).toEqual([]);
  });

  it('are refused where they are wrong, by name', async () => {
    const wrong: readonly (readonly [string, unknown])[] = [
      ['replicas', 3],
      ['operator.replica', 3],
      ['operator.replicas', -1],
      ['operator.replicas', 'two'],
      ['operator.image.tag', 'a tag'],
      ['operator.image.digest', 'sha256:abc'],
      ['operator.settings.FLUSH', 20],
      ['operator.settings.FLUSH_SECONDS', 31],
      ['operator.settings.LOG_LEVEL', 'loud'],
      ['operator.settings.WEBHOOK_PORT', 80],
      ['operator.extraEnv', [{ value: 'x' }]],
      ['operator.podDisruptionBudget.maxUnavailable', 0],
      ['operator.podLabels', { a: 1 }],
      ['observer.podLabels', { 'app.kubernetes.io/name': 'mine' }],
      ['observer.mode', 'ebpf'],
      ['observer.spoolSize', '96 MB'],
      ['observer.maxUnavailable', '0%'],
      ['observer.namespace.name', 'Nodes'],
      ['observer.settings.KGOSSIP_INTERVAL', '1'],
      ['observer.settings.KGOSSIP_CPU_BUDGET', 0],
      ['pixie.secret.clusterId', 'mine'],
      ['pixie.secret.apiKey', ''],
      ['imagePullPolicy', 'Sometimes'],
      ['crds.install', 'no'],
      ['remedy.namespaces', ['shop', 'shop']],
      ['monitoring.rules.enabled', 'yes'],
    ];
    for (const [path, value] of wrong) {
      const input = JSON.stringify(withValue(EVERYTHING, path.split('.'), value));
      const { code, stderr } = await helm(['template', RELEASE, CHART, '--values', '-'], { input });
      expect({ path, code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(path.split('.').at(-1)!) as string,
      });
    }
  });

  it('may not put the observer beside the operator', async () => {
    const inOne = renderText(helm, { observer: { namespace: { name: 'kernel-gossip' } } });
    await expect(inOne).rejects.toThrow(/must not be the namespace of the release/);
    const none = { observer: { enabled: false } };
    expect(await renderText(helm, none, 'kernel-gossip-observer')).toContain('kind: Deployment');
  });
});

describe('settings in the chart', () => {
  const named = (program: string): Json => {
    const node = at(readSchema(), 'properties', program, 'properties', 'settings', 'properties');
    return isObject(node) ? node : {};
  };
  /** What the chart sets itself, or what has no meaning in a cluster. */
  const NOT_FOR_VALUES = [
    'WEBHOOK_PORT WEBHOOK_HOST STORE DATA_DIR KUBECONFIG KUBE_CONTEXT POD_NAMESPACE OBSERVER_SERVICE_ACCOUNT',
    'OTLP_GRPC_PORT OTLP_HTTP_PORT PIXIE_CLOUD_ADDR PIXIE_API_KEY PIXIE_API_KEY_FILE PIXIE_CLUSTER_ID',
    'PIXIE_CA_FILE PIXIE_DIRECT_ADDR',
    'KGOSSIP_URL KGOSSIP_TOKEN KGOSSIP_TOKEN_FILE KGOSSIP_CA_FILE KGOSSIP_CGROUP_ROOT NODE_NAME KGOSSIP_SOURCE',
    'KGOSSIP_SPOOL_DIR KGOSSIP_METRICS_PORT KGOSSIP_METRICS_HOST KGOSSIP_KGTRACE KGOSSIP_LOCAL_NAMES',
  ].flatMap((names) => names.split(' '));
  const operatorHelp = new Map(
    configHelp()
      .split('\n')
      .map((line) => /^ {2}(?:--\S+)?\s+([A-Z_]+)\s+(.*?)(?: \(default .*\))?$/.exec(line)!)
      .map(([, variable, help]) => [variable!, help!]),
  );
  const observerHelp = new Map(Object.values(SETTINGS).map(({ variable, help }) => [variable, help]));

  it.each([
    ['operator', operatorHelp],
    ['observer', observerHelp],
  ])('are all that the %s has, in its own words', (program, help) => {
    const own = [...help].filter(([variable]) => !NOT_FOR_VALUES.includes(variable));
    expect(
      Object.fromEntries(
        Object.entries(named(program)).map(([name, node]) => [name, at(node, 'description')]),
      ),
    ).toEqual(Object.fromEntries(own));
  });

  const readers = {
    operator: (env: Readonly<Record<string, string>>) => readOperatorConfig([], env),
    observer: (env: Readonly<Record<string, string>>) => readObserverConfig({}, env),
  };
  const all = (['operator', 'observer'] as const).flatMap((program) =>
    Object.entries(named(program)).map(([name, node]) => ({ program, name, node: node as Json })),
  );

  it.each(all)('have the bounds that the $program has: $name', ({ program, name, node }) => {
    const read = (value: unknown) => readers[program]({ [name]: String(value) });
    const taken = [at(node, 'examples', 0), node.minimum, node.maximum, ...((node.enum ?? []) as unknown[])];
    for (const value of taken.filter((each) => each !== undefined)) expect(() => read(value)).not.toThrow();
    const step = node.type === 'integer' ? 1 : 0.5;
    const refused = [
      ...[node.minimum].flatMap((least) => (typeof least === 'number' ? [least - step] : [])),
      ...[node.maximum].flatMap((most) => (typeof most === 'number' ? [most + step] : [])),
      ...(node.exclusiveMinimum === undefined ? [] : [node.exclusiveMinimum]),
      ...(node.enum === undefined && node.type !== 'boolean' ? [] : ['something-else']),
    ];
    for (const value of refused) expect(() => read(value)).toThrow(new RegExp(name));
  });
});
