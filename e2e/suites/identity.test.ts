import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { KernelWhisperList, WebhookAnswer } from 'kernel-gossip-types';
import { connectCluster } from '../src/cluster/connect.ts';
import { run, type CommandResult } from '../src/command.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, REPOSITORY, succeed } from '../src/install.ts';
import { apply, kubectlFor } from '../src/kubectl.ts';
import {
  isReady,
  OBSERVER_NAMESPACE,
  senderToken,
  serviceAccountConfig,
  startOperator,
  type Operator,
  type ServiceAccountConfig,
} from '../src/operator.ts';
import { until } from '../src/poll.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-identity';
const OTHER_NODE = 'kg-other-node';
const OBSERVER = 'kernel-gossip-observer';
const TOKEN_FILE = '/var/run/secrets/kernel-gossip/token';

interface Named {
  readonly name: string;
}
interface PodTemplate {
  readonly spec: {
    readonly containers: readonly object[];
    readonly initContainers?: readonly Named[];
    readonly securityContext: object;
    readonly volumes: readonly Named[];
  };
}
interface DaemonSet {
  readonly spec: { readonly template: PodTemplate };
}

/** A manifest of this repository as an object. */
const manifest = async <T>(path: string): Promise<T> =>
  JSON.parse(
    await succeed(kubectl, ['create', '--dry-run=client', '-o', 'json', '-f', join(REPOSITORY, path)]),
  ) as T;

const ofBusybox = (container: object): object => ({
  ...container,
  image: cluster.workloadImage,
  imagePullPolicy: cluster.imagePullPolicy,
});

/** The pod that a DaemonSet makes, with busybox asleep in it: the observer's own image is nowhere to be had. */
const podOf = ({ spec: { template } }: DaemonSet, name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    ...template.spec,
    nodeName: cluster.nodeName,
    terminationGracePeriodSeconds: 0,
    initContainers: template.spec.initContainers?.map(ofBusybox),
    containers: template.spec.containers.map((container) => ({
      ...ofBusybox(container),
      command: ['sleep', '1000'],
      livenessProbe: undefined,
    })),
  },
});

const sleeper = (name: string, nodeName: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { app: name } },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'app',
        image: cluster.workloadImage,
        imagePullPolicy: cluster.imagePullPolicy,
        command: ['sleep', '1000'],
      },
    ],
    ...more,
  },
});

const created = async (namespace: string, pod: object): Promise<CommandResult> =>
  kubectl(['create', '-n', namespace, '--dry-run=server', '-f', '-'], { input: JSON.stringify(pod) });

const uidOf = (pod: string): Promise<string> =>
  succeed(kubectl, ['get', 'pod', pod, '-n', NAMESPACE, '-o', 'jsonpath={.metadata.uid}']);

const tokenFor = async (account: string, namespace: string, ...more: readonly string[]): Promise<string> =>
  (await succeed(kubectl, ['create', 'token', account, '-n', namespace, ...more])).trim();
const FOR_US = ['--audience', 'kernel-gossip'];

const roleBinding = (name: string, roleRef: object, account: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name, namespace: NAMESPACE },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...roleRef },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace: NAMESPACE }],
});
const account = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: NAMESPACE },
});
const SENDER_ROLE = { kind: 'ClusterRole', name: 'kernel-gossip-sender' };

const throttle = (subject: object): object => ({
  type: 'cpu_throttle',
  container_name: 'app',
  throttle_percentage: 85.5,
  period_seconds: 60,
  timestamp: new Date().toISOString(),
  ...subject,
});

describe('who may send', () => {
  const state: {
    operator?: Operator;
    account?: ServiceAccountConfig;
    removeNamespace?: () => Promise<void>;
  } = {};

  const post = async (token: string | null, body: object) => {
    const response = await fetch(`${state.operator?.url ?? ''}/webhook/pixie`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      challenge: response.headers.get('WWW-Authenticate'),
      answer: (await response.json()) as WebhookAnswer,
    };
  };
  /** The token that the kubelet put into the observer's pod. */
  const observerToken = async (): Promise<string> =>
    succeed(kubectl, ['exec', '-n', OBSERVER_NAMESPACE, 'observer', '--', 'cat', TOKEN_FILE]);

  beforeAll(async () => {
    await install(kubectl);
    state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
    await succeed(kubectl, ['apply', '-f', join(REPOSITORY, 'k8s/observer/00-namespace.yaml')]);
    const observer = podOf(await manifest<DaemonSet>('k8s/observer/10-daemonset.yaml'), 'observer');
    await succeed(kubectl, ['apply', '-n', OBSERVER_NAMESPACE, '-f', '-'], JSON.stringify(observer));
    await apply(kubectl, [
      { apiVersion: 'v1', kind: 'Node', metadata: { name: OTHER_NODE } },
      sleeper('web', cluster.nodeName),
      sleeper('elsewhere', OTHER_NODE),
    ]);
    state.account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
    state.operator = await startOperator(state.account);
    const { url } = state.operator;
    await until('the operator to be ready', { timeoutMs: 60_000 }, async () =>
      (await isReady(url)) ? true : undefined,
    );
    const waiting = ['wait', '--for=condition=Ready', '--timeout=90s'];
    await succeed(kubectl, [...waiting, '-n', OBSERVER_NAMESPACE, 'pod/observer']);
    await succeed(kubectl, [...waiting, '-n', NAMESPACE, 'pod/web']);
  });
  afterAll(async () => {
    await state.operator?.stop();
    state.account?.remove();
    await kubectl(['delete', 'namespace', OBSERVER_NAMESPACE, '--wait=false']);
    await kubectl(['delete', 'pod', 'elsewhere', '-n', NAMESPACE, '--force', '--grace-period=0']);
    await kubectl(['delete', 'node', OTHER_NODE]);
    await state.removeNamespace?.();
  });

  it('an observer, about the pods of its node', async () => {
    const uid = await uidOf('web');
    const observed = throttle({ pod_uid: uid, node_name: cluster.nodeName });
    expect(await post(await observerToken(), observed)).toMatchObject({ status: 202 });
    const { items } = JSON.parse(
      await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE, '-o', 'json']),
    ) as KernelWhisperList;
    expect(items.map(({ spec }) => [spec.pod_name, spec.pod_uid, spec.source?.node_name])).toEqual([
      ['web', uid, cluster.nodeName],
    ]);
  });

  it.runIf(cluster.cgroupRoot !== null)('an observer that reads the node without being root', async () => {
    const script = `id -u; find /host/cgroup -path '*pod${await uidOf('web')}*' -name cpu.stat | head -1 | xargs cat
      grep -c : /proc/1/net/dev; mkdir /host/cgroup/kernel-gossip-test-x 2>&1`;
    const { stdout } = await kubectl([
      'exec',
      '-n',
      OBSERVER_NAMESPACE,
      'observer',
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect(stdout).toMatch(
      /^65532\n(?:usage_usec|nr_periods) \d+\n(.*\n)*[1-9]\d*\nmkdir: .*(Read-only|denied)/,
    );
  });

  it('no observer, about a pod of another node', async () => {
    const uid = await uidOf('elsewhere');
    const forged = throttle({ pod_uid: uid });
    const expected = `a pod of node ${cluster.nodeName}`;
    expect(await post(await observerToken(), forged)).toMatchObject({
      status: 403,
      answer: { accepted: 0, rejected: [{ index: 0, path: 'pod_uid', expected, got: `"${uid}"` }] },
    });
    const byName = throttle({ pod_name: 'elsewhere', namespace: NAMESPACE });
    const fromThere = throttle({ pod_uid: uid, node_name: OTHER_NODE });
    const mine = throttle({ pod_uid: await uidOf('web') });
    expect(await post(await observerToken(), [byName, mine, fromThere])).toMatchObject({
      status: 202,
      answer: {
        accepted: 1,
        rejected: [
          { index: 0, path: 'pod_name', expected },
          { index: 2, path: 'node_name' },
        ],
      },
    });
    const filed = await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE, '-o', 'jsonpath={..spec.pod_name}']);
    expect(filed).toBe('web');
  });

  it('no observer whose token names no node', async () => {
    const unbound = await tokenFor(OBSERVER, OBSERVER_NAMESPACE, ...FOR_US);
    const refused = await post(unbound, throttle({ pod_uid: await uidOf('web') }));
    expect(refused.status).toBe(403);
    expect(refused.answer.error).toMatch(/bound to the observer's pod/);
  });

  it('nobody without a token, or with one that is not for us', async () => {
    const observed = throttle({ pod_uid: await uidOf('web') });
    expect(await post(null, observed)).toMatchObject({
      status: 401,
      challenge: 'Bearer realm="kernel-gossip"',
      answer: { accepted: 0, rejected: [] },
    });
    const forTheApiServer = await tokenFor(OBSERVER, OBSERVER_NAMESPACE);
    const [header = '', claims = ''] = (await observerToken()).split('.');
    for (const token of ['garbage', forTheApiServer, `${header}.${claims}.c2lnbmVk`]) {
      expect(await post(token, observed)).toMatchObject({ status: 401 });
    }
  });

  it('nobody with a token whose pod is gone', async () => {
    await apply(kubectl, [sleeper('gone', cluster.nodeName)]);
    const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', 'gone'];
    const token = await tokenFor('default', NAMESPACE, ...FOR_US, ...bound);
    await succeed(kubectl, ['delete', 'pod', 'gone', '-n', NAMESPACE, '--force', '--grace-period=0']);
    const observed = throttle({ pod_name: 'web', namespace: NAMESPACE });
    expect(await post(token, observed)).toMatchObject({ status: 401 });
  });

  it('an account, about the namespaces where RBAC lets it', async () => {
    await apply(kubectl, [account('reporter')]);
    const here = throttle({ pod_name: 'web', namespace: NAMESPACE });
    const there = throttle({ pod_name: 'web', namespace: 'default' });
    expect(await post(await tokenFor('reporter', NAMESPACE, ...FOR_US), here)).toMatchObject({
      status: 403,
      answer: { rejected: [{ path: 'namespace', got: `"${NAMESPACE}"` }] },
    });
    await apply(kubectl, [roleBinding('reporter', SENDER_ROLE, 'reporter')]);
    // A refusal is remembered for a token, so this is another one.
    const reporter = await tokenFor('reporter', NAMESPACE, ...FOR_US);
    expect(await post(reporter, [here, there])).toMatchObject({
      status: 202,
      answer: { accepted: 1, rejected: [{ index: 1, path: 'namespace', got: '"default"' }] },
    });
    expect(await post(await senderToken(kubectl), [here, there])).toMatchObject({
      status: 202,
      answer: { accepted: 2 },
    });
    await succeed(kubectl, ['delete', 'kw', '-n', 'default', '--all']);
  });

  describe('with kgossip and a kubeconfig alone', () => {
    const kgossip = (kubeconfig: string, ...args: readonly string[]): Promise<CommandResult> =>
      run(
        process.execPath,
        [join(REPOSITORY, 'packages/cli/bin/kgossip.js'), ...['--operator-namespace', NAMESPACE], ...args],
        { env: { ...process.env, KUBECONFIG: kubeconfig, KGOSSIP_URL: '' } },
      );
    const SEND = ['send-throttle', '--pod', 'by-hand', '-n', NAMESPACE, '--throttled', '85.5'];

    // The operator is a process of this machine, so a pod in the node's own network has it at its localhost.
    beforeAll(async () => {
      const port = Number(new URL(state.operator?.url ?? '').port);
      await apply(kubectl, [
        account('kernel-gossip-sender'),
        roleBinding('sender', SENDER_ROLE, 'kernel-gossip-sender'),
        sleeper('operator', cluster.nodeName, { hostNetwork: true }),
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'kernel-gossip-operator', namespace: NAMESPACE },
          spec: { selector: { app: 'operator' }, ports: [{ name: 'http', port: 8080, targetPort: port }] },
        },
      ]);
      await succeed(kubectl, [
        'wait',
        '--for=condition=Ready',
        '-n',
        NAMESPACE,
        'pod/operator',
        '--timeout=60s',
      ]);
      await until('the endpoint', { timeoutMs: 30_000 }, async () => {
        const ready = 'jsonpath={.items[*].endpoints[*].conditions.ready}';
        const said = await succeed(kubectl, ['get', 'endpointslices', '-n', NAMESPACE, '-o', ready]);
        return said.includes('true') ? true : undefined;
      });
    });

    it('reaches the operator by port-forward, with a token of the sender', async () => {
      const sent = await kgossip(cluster.kubeconfigPath, ...SEND);
      expect(sent.stderr).not.toMatch(/KG_/);
      expect(sent.stdout).toMatch(/^kg-identity\/by-hand: critical, Open: .*\(synthetic\)\n$/);
      expect(sent.code).toBe(0);
      const many = await kgossip(cluster.kubeconfigPath, ...SEND, '--count', '2000', '--no-wait');
      expect(many.stdout).toMatch(/^accepted 2000, rejected 0/);
    });

    it('is told why not, about a namespace that the sender has no right for', async () => {
      const refused = await kgossip(cluster.kubeconfigPath, ...SEND, '-n', 'default');
      expect(refused.code).toBe(4);
      expect(refused.stderr).toMatch(
        /namespace: expected a namespace where .*kernel-gossip-sender may create/,
      );
    });

    it('says which right is missing, and needs no more than the Role for it gives', async () => {
      await apply(kubectl, [account('person')]);
      const person = await serviceAccountConfig(cluster, NAMESPACE, 'person');
      try {
        const refused = await kgossip(person.path, ...SEND, '--no-wait');
        expect(refused.code).toBe(4);
        expect(refused.stderr).toMatch(
          /create on serviceaccounts\/token .* ask for the Role kernel-gossip-send/,
        );
        const role = JSON.parse(
          await succeed(kubectl, [
            'get',
            'role',
            'kernel-gossip-send',
            '-n',
            OPERATOR_NAMESPACE,
            '-o',
            'json',
          ]),
        ) as { readonly rules: readonly object[] };
        await apply(kubectl, [
          {
            apiVersion: 'rbac.authorization.k8s.io/v1',
            kind: 'Role',
            metadata: { name: 'kernel-gossip-send', namespace: NAMESPACE },
            rules: role.rules,
          },
          roleBinding('person', { kind: 'Role', name: 'kernel-gossip-send' }, 'person'),
        ]);
        const sent = await kgossip(person.path, ...SEND, '--no-wait');
        expect(sent).toMatchObject({ code: 0, stdout: 'accepted\n' });
      } finally {
        person.remove();
      }
    });
  });

  it('is no secret of the log', async () => {
    const log = (state.operator?.log ?? []).join('\n');
    expect(log).not.toContain((await observerToken()).split('.')[2]);
    expect(log).not.toMatch(/forbidden/i);
  });
});

describe('the manifests of the observer', () => {
  const MODES = ['k8s/observer/10-daemonset.yaml', 'k8s/observer/kernel-mode/10-daemonset.yaml'];

  beforeAll(async () => {
    await install(kubectl);
    await succeed(kubectl, ['wait', '--for=delete', `namespace/${OBSERVER_NAMESPACE}`, '--timeout=60s']);
    await succeed(kubectl, ['apply', '-f', join(REPOSITORY, 'k8s/observer/00-namespace.yaml')]);
  });
  afterAll(() => kubectl(['delete', 'namespace', OBSERVER_NAMESPACE, '--wait=false']));

  it.each(MODES)('%s is taken as it is', async (path) => {
    const applied = await kubectl(['apply', '--dry-run=server', '-f', join(REPOSITORY, path)]);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(MODES)("the pods of %s are let in by their namespace, and not by the operator's", async (path) => {
    const pod = podOf(await manifest<DaemonSet>(path), 'observer');
    expect(await created(OBSERVER_NAMESPACE, pod)).toMatchObject({ code: 0, stderr: '' });
    const elsewhere = await created(OPERATOR_NAMESPACE, {
      ...pod,
      spec: { ...(pod as { readonly spec: object }).spec, serviceAccountName: 'default' },
    });
    expect(elsewhere.stderr).toMatch(/violates PodSecurity "restricted:latest"/);
  });

  it('start the kernel mode under its own seccomp profile, which they bring along', async () => {
    const profile = join(REPOSITORY, 'k8s/observer/kernel-mode/05-seccomp-profile.yaml');
    await succeed(kubectl, ['apply', '-f', profile]);
    const pod = podOf(await manifest<DaemonSet>('k8s/observer/kernel-mode/10-daemonset.yaml'), 'tracing');
    await succeed(kubectl, ['apply', '-n', OBSERVER_NAMESPACE, '-f', '-'], JSON.stringify(pod));
    await succeed(kubectl, [
      ...['wait', '--for=condition=Ready', '-n', OBSERVER_NAMESPACE, 'pod/tracing', '--timeout=60s'],
    ]);
    const status = await succeed(kubectl, [
      ...['exec', '-n', OBSERVER_NAMESPACE, 'tracing', '--', 'cat', '/proc/self/status'],
    ]);
    // CAP_PERFMON is 38 and CAP_BPF 39 (linux/capability.h): in reach of the helper's file, in nobody's hands.
    expect(status).toMatch(/^CapEff:\s0+\nCapBnd:\s000000c000000000$/m);
    // What is not on its list is refused, also what every runtime's own profile allows.
    const script = 'cd /var/lib/kernel-gossip && : > own && chmod 600 own';
    const changing = await kubectl(['exec', '-n', OBSERVER_NAMESPACE, 'tracing', '--', 'sh', '-c', script]);
    expect(changing.stderr).toMatch(/chmod: own: Operation not permitted/);
  });

  it('give the observer no right', async () => {
    const as = `system:serviceaccount:${OBSERVER_NAMESPACE}:${OBSERVER}`;
    const questions = [
      ['list', 'pods'],
      ['get', 'nodes'],
      ['create', 'observations.kernel.gossip.io'],
      ['create', 'serviceaccounts/token'],
    ];
    const answers = await Promise.all(
      questions.map(async (words) =>
        (await kubectl(['auth', 'can-i', ...words, '-A', '--as', as])).stdout.trim(),
      ),
    );
    expect(answers).toEqual(questions.map(() => 'no'));
  });

  it('differ between the modes in what eBPF needs, and in nothing else', async () => {
    const [fileMode, kernelMode] = await Promise.all(MODES.map((path) => manifest<DaemonSet>(path)));
    const { spec } = fileMode!.spec.template;
    const [container] = spec.containers as readonly { readonly securityContext: object }[];
    const { initContainers, volumes, ...kernelSpec } = kernelMode!.spec.template.spec;
    expect({ ...kernelMode, spec: { ...kernelMode!.spec, template: null } }).toEqual({
      ...fileMode,
      spec: { ...fileMode!.spec, template: null },
    });
    expect({ ...kernelSpec, volumes: spec.volumes }).toEqual({
      ...spec,
      containers: [
        {
          ...container,
          securityContext: {
            ...container!.securityContext,
            allowPrivilegeEscalation: true,
            capabilities: { drop: ['ALL'], add: ['BPF', 'PERFMON'] },
            seccompProfile: { type: 'Localhost', localhostProfile: 'kernel-gossip/observer.json' },
          },
        },
      ],
    });
    // Besides, it brings the profile to the node.
    expect(initContainers?.map(({ name }) => name)).toEqual(['seccomp-profile']);
    const besides = ['seccomp-profile', 'seccomp'];
    expect(volumes.map(({ name }) => name)).toEqual([...spec.volumes.map(({ name }) => name), ...besides]);
  });
});
