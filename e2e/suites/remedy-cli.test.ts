import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { KernelWhisper } from 'kernel-gossip-types';
import { connectCluster } from '../src/cluster/connect.ts';
import { run, type CommandResult } from '../src/command.ts';
import { REPOSITORY, succeed } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';
import { serviceAccountConfig, type ServiceAccountConfig } from '../src/operator.ts';
import { until } from '../src/poll.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-remedy-cli';
const WHISPER = 'web-1-cpu-throttle-by-hand';
const REQUEST = 'kernel-gossip.io/remedy-request';

const kgossip = (args: readonly string[], kubeconfig = cluster.kubeconfigPath): Promise<CommandResult> =>
  run(
    process.execPath,
    [join(REPOSITORY, 'packages/cli/bin/kgossip.js'), ...args, '--kubeconfig', kubeconfig, '-n', NAMESPACE],
    { env: { ...process.env, KGOSSIP_URL: '' } },
  );
const remedy = (...args: readonly string[]): Promise<CommandResult> => kgossip(['remedy', ...args]);

const limitPatch = (cpu: string): object => ({
  containers: [{ name: 'app', resources: { limits: { cpu } } }],
});

/** As the operator writes it; here there is no operator, so that what it answers is up to each test. */
const REMEDY = {
  phase: 'Proposed',
  reason: 'DryRun',
  message: 'The policy only allows to show it.',
  mode: 'DryRun',
  decided_by: `RemediationPolicy ${NAMESPACE}/web`,
  proposal_id: 'p-1',
  container_name: 'app',
  original: { cpu_limit: '200m' },
  from: { cpu_limit: '200m' },
  to: { cpu_limit: '400m' },
  patch: JSON.stringify({ spec: limitPatch('400m') }),
  owner: {
    kind: 'Deployment',
    name: 'web',
    patch: JSON.stringify({ spec: { template: { spec: limitPatch('400m') } } }),
  },
  setbacks: 0,
};

const writeRemedy = async (changes: object): Promise<void> => {
  await succeed(kubectl, [
    ...['patch', 'kw', WHISPER, '-n', NAMESPACE, '--subresource', 'status', '--type', 'merge', '-p'],
    JSON.stringify({ status: { remedy: { ...REMEDY, ...changes } } }),
  ]);
};

const whisper = async (): Promise<KernelWhisper> =>
  JSON.parse(await succeed(kubectl, ['get', 'kw', WHISPER, '-n', NAMESPACE, '-o', 'json'])) as KernelWhisper;

const requestOf = ({ metadata }: KernelWhisper): string | undefined => metadata.annotations?.[REQUEST];

const templateLimits = (): Promise<string> =>
  succeed(kubectl, [
    ...['get', 'deployment', 'web', '-n', NAMESPACE],
    ...['-o', 'jsonpath={range .spec.template.spec.containers[*]}{.name}={.resources.limits.cpu} {end}'],
  ]);

const OBJECTS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader', namespace: NAMESPACE } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reader', namespace: NAMESPACE },
    rules: [{ apiGroups: ['kernel.gossip.io'], resources: ['kernelwhispers'], verbs: ['get', 'list'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'reader', namespace: NAMESPACE },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: NAMESPACE }],
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: {
      // Its template is what is changed: no pod has to run for it.
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            {
              name: 'app',
              image: cluster.workloadImage,
              resources: { limits: { cpu: '0.2', memory: '64Mi' } },
            },
            { name: 'side', image: cluster.workloadImage, resources: { limits: { cpu: '50m' } } },
          ],
        },
      },
    },
  },
];
const WHISPER_OBJECT = {
  apiVersion: 'kernel.gossip.io/v1alpha1',
  kind: 'KernelWhisper',
  metadata: { name: WHISPER, namespace: NAMESPACE },
  spec: {
    pod_name: 'web-1',
    namespace: NAMESPACE,
    container_name: 'app',
    severity: 'critical',
    detected_at: '2024-03-15T10:30:00Z',
    throttled_percent: 85.5,
  },
};

describe('remedies by the command line, at a real API server', () => {
  const state: { reader?: ServiceAccountConfig } = {};

  beforeAll(async () => {
    const crds = await run(process.execPath, [join(REPOSITORY, 'packages/cli/bin/kgossip.js'), 'crds']);
    await succeed(kubectl, ['apply', '--server-side', '--force-conflicts', '-f', '-'], crds.stdout);
    await succeed(kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    await succeed(
      kubectl,
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: OBJECTS }),
    );
    await until('the new kind', { timeoutMs: 30_000, everyMs: 500 }, () =>
      succeed(kubectl, ['apply', '-f', '-'], JSON.stringify(WHISPER_OBJECT)),
    );
    state.reader = await serviceAccountConfig(cluster, NAMESPACE, 'reader');
  });
  afterAll(async () => {
    state.reader?.remove();
    await succeed(kubectl, ['delete', 'namespace', NAMESPACE, '--wait=false']);
  });

  it('lists and shows what stands on the whisper', async () => {
    await writeRemedy({});
    expect((await remedy('list')).stdout).toMatch(
      /web-1 +app +Proposed +DryRun +CPU limit 200m → 400m +cannot be told/,
    );
    const shown = await remedy('show', 'web-1');
    expect(shown.stdout).toContain(`kubectl patch pod web-1 -n ${NAMESPACE} --subresource resize`);
    expect((await kgossip(['explain', 'web-1'])).stdout).toContain(
      `→ kgossip remedy approve web-1 -n ${NAMESPACE}`,
    );
  });

  it('approves by an annotation, and waits for the answer', async () => {
    await writeRemedy({});
    const before = await whisper();
    const approving = remedy('approve', 'web-1', '--timeout', '60');
    const asked = await until('the request', { timeoutMs: 60_000 }, async () => {
      const now = await whisper();
      return requestOf(now) === undefined ? undefined : now;
    });
    expect(requestOf(asked)).toBe('approve/p-1');
    // The evidence is as it was: nobody has anything to assess again.
    expect(asked.metadata.generation).toBe(before.metadata.generation);
    await writeRemedy({ phase: 'Applying', message: 'Sent.', answered_request: 'approve/p-1' });
    expect(await approving).toMatchObject({
      code: 0,
      stdout: `${NAMESPACE}/web-1 app: approved: CPU limit 200m → 400m. Applying: sent, or about to be. Sent.\n`,
    });
  });

  it('undoes what is in force, and does not wait where it shall not', async () => {
    await writeRemedy({ phase: 'Measuring', answered_request: 'approve/p-1' });
    expect(await remedy('undo', 'web-1', '--wait=false')).toMatchObject({
      code: 0,
      stdout: `${NAMESPACE}/web-1 app: asked for: back to CPU limit 200m\n`,
    });
    expect(requestOf(await whisper())).toBe('undo/p-1');
  });

  it('names the right that a reader lacks', async () => {
    await writeRemedy({});
    const reader = state.reader?.path ?? '';
    expect((await kgossip(['remedy', 'show', 'web-1'], reader)).code).toBe(0);
    const refused = await kgossip(['remedy', 'approve', 'web-1'], reader);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(
      `This needs patch on kernelwhispers.kernel.gossip.io in namespace ${NAMESPACE}`,
    );
    await writeRemedy({ phase: 'Proven' });
    const unchanged = await kgossip(['remedy', 'persist', 'web-1'], reader);
    expect(unchanged.code).toBe(4);
    expect(unchanged.stderr).toContain(`This needs get on deployments.apps in namespace ${NAMESPACE}`);
  });

  it('makes a proven one last, and touches nothing else of the template', async () => {
    await writeRemedy({ phase: 'Proven' });
    expect(await templateLimits()).toBe('app=200m side=50m ');
    expect(await remedy('persist', 'web-1')).toMatchObject({
      code: 0,
      stdout: 'deployment.apps/web: container app: CPU limit 200m → 400m\n',
    });
    expect(await templateLimits()).toBe('app=400m side=50m ');
    expect((await remedy('persist', 'web-1')).stdout).toContain('nothing to change');
  });

  it('leaves a template alone that someone changed, or that a repository keeps', async () => {
    await succeed(kubectl, [
      'set',
      'resources',
      'deployment',
      'web',
      '-n',
      NAMESPACE,
      '-c',
      'app',
      '--limits=cpu=1',
    ]);
    const changed = await remedy('persist', 'web-1');
    expect(changed.code).toBe(1);
    expect(changed.stderr).toContain('cpu limit 1 instead of 200m');
    await writeRemedy({ phase: 'Proven', owner: { ...REMEDY.owner, managed_by: 'Flux shop/web' } });
    expect((await remedy('persist', 'web-1')).stderr).toContain(
      'Not applied: Flux shop/web keeps Deployment web',
    );
    expect(await templateLimits()).toBe('app=1 side=50m ');
    expect((await remedy('persist', 'web-1', '--force')).code).toBe(0);
    expect(await templateLimits()).toBe('app=400m side=50m ');
  });

  it('prints a command and YAML that kubectl takes', async () => {
    await writeRemedy({ phase: 'Proven' });
    await succeed(kubectl, [
      'set',
      'resources',
      'deployment',
      'web',
      '-n',
      NAMESPACE,
      '-c',
      'app',
      '--limits=cpu=200m',
    ]);
    const { stdout } = await remedy('persist', 'web-1', '-o', 'yaml');
    const patched = await succeed(kubectl, [
      ...['patch', 'deployment', 'web', '-n', NAMESPACE, '-p', stdout, '--dry-run=server'],
      ...['-o', 'jsonpath={.spec.template.spec.containers[0].resources.limits}'],
    ]);
    expect(JSON.parse(patched)).toEqual({ cpu: '400m', memory: '64Mi' });
    const printed = await remedy('persist', 'web-1', '--print');
    const command = printed.stdout.split('\n').find((line) => line.startsWith('kubectl ')) ?? '';
    const typed = await run('sh', ['-c', command], {
      env: {
        ...process.env,
        PATH: `${cluster.binDir ?? ''}:${process.env.PATH ?? ''}`,
        KUBECONFIG: cluster.kubeconfigPath,
      },
    });
    expect(typed.stderr).toBe('');
    expect(await templateLimits()).toBe('app=400m side=50m ');
  });
});
