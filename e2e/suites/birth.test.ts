import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { PodBirthCertificate, PodBirthCertificateList } from 'kernel-gossip-types';
import { connectCluster } from '../src/cluster/connect.ts';
import { run } from '../src/command.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, REPOSITORY, succeed } from '../src/install.ts';
import { apply, kubectlFor } from '../src/kubectl.ts';
import { startObserver } from '../src/observer.ts';
import {
  serviceAccountConfig,
  startOperator,
  type Operator,
  type ServiceAccountConfig,
} from '../src/operator.ts';
import { until } from '../src/poll.ts';
import type { Program } from '../src/program.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-birth';

const container = (name: string, command: string, changes: object = {}): object => ({
  name,
  image: cluster.workloadImage,
  imagePullPolicy: cluster.imagePullPolicy,
  command: ['sh', '-c', command],
  ...changes,
});

/** A pod with an init container, a sidecar, and a container that `command` runs in. */
const pod = (name: string, command: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    initContainers: [
      container('setup', 'sleep 1'),
      container('proxy', 'sleep 1000', { restartPolicy: 'Always' }),
    ],
    containers: [container('app', command)],
  },
});

const certificateOf = async (name: string): Promise<PodBirthCertificate | undefined> => {
  const list = JSON.parse(
    await succeed(kubectl, ['get', 'pbc', '-n', NAMESPACE, '-o', 'json']),
  ) as PodBirthCertificateList;
  return list.items.find(({ spec }) => spec.pod_name === name);
};

const kgossip = (args: readonly string[]) =>
  run(process.execPath, [join(REPOSITORY, 'packages/cli/bin/kgossip.js'), ...args]);

interface PodStatuses {
  readonly status: Readonly<
    Record<
      'initContainerStatuses' | 'containerStatuses',
      readonly { readonly name: string; readonly containerID: string; readonly restartCount: number }[]
    >
  >;
}

const statusesOf = async (name: string): Promise<PodStatuses['status']> =>
  (JSON.parse(await succeed(kubectl, ['get', 'pod', name, '-n', NAMESPACE, '-o', 'json'])) as PodStatuses)
    .status;

const sum = (values: readonly (number | null | undefined)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? Number.NaN), 0);

const state: { account?: ServiceAccountConfig; operator?: Operator; removeNamespace?: () => Promise<void> } =
  {};

beforeAll(async () => {
  await install(kubectl);
  state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
  state.account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
  state.operator = await startOperator(state.account);
});
afterAll(async () => {
  await state.operator?.stop();
  state.account?.remove();
  await state.removeNamespace?.();
});

describe('the birth of a pod that no kernel evidence came for', () => {
  const POD = 'api-born';

  it("is told by Kubernetes' own times, with no figure of the kernel", async () => {
    await apply(kubectl, [pod(POD, 'sleep 1000')]);
    const { metadata, spec, status } = await until('the certificate', { timeoutMs: 90_000 }, async () => {
      const found = await certificateOf(POD);
      return found?.status?.verdict == null ? undefined : found;
    });
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name: POD, uid: spec.pod_uid }]);
    expect(spec).toMatchObject({
      provenance: 'measured',
      source: { name: 'kubernetes-api', node_name: cluster.nodeName },
    });
    expect(Object.values(spec.kernel_stats).filter((figure) => figure !== null)).toEqual([]);
    expect(spec.containers ?? null).toBeNull();
    expect(status?.conditions).toMatchObject([{ status: 'False', reason: 'NotEverythingMeasured' }]);
    expect(status?.verdict).toMatch(/^How long the birth took was not measured; /);
  });

  it('has an entry for each of them, and says how coarse each is and whose clock it is by', async () => {
    const { spec } = (await certificateOf(POD))!;
    const told = (spec.timeline ?? []).map(
      ({ actor, action, container_name, clock, resolution_ms, source }) =>
        [actor, action, container_name ?? null, clock, resolution_ms, source] as const,
    );
    expect(told).toEqual(
      expect.arrayContaining([
        ['apiserver', 'accept the pod', null, 'control-plane', 1000, 'pod metadata'],
        ['scheduler', 'assign the pod to a node', null, 'control-plane', 0.001, 'event'],
        ['kubelet', 'report the sandbox ready', null, 'node', 1000, 'pod status'],
        ['kubelet', 'report the container started', 'setup', 'node', 1000, 'pod status'],
        ['kubelet', 'report the init container ended', 'setup', 'node', 1000, 'pod status'],
        ['kubelet', 'report the container started', 'proxy', 'node', 1000, 'pod status'],
        ['kubelet', 'report the pod initialized', null, 'node', 1000, 'pod status'],
        ['kubelet', 'report the container started', 'app', 'node', 1000, 'pod status'],
        ['kubelet', 'report the containers ready', null, 'node', 1000, 'pod status'],
        ['kubelet', 'report the pod ready', null, 'node', 1000, 'pod status'],
      ]),
    );
    const times = (spec.timeline ?? []).map(({ timestamp_ms }) => timestamp_ms);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('is drawn by kgossip, with what was not measured', async () => {
    const drawn = await kgossip(['--url', state.operator?.url ?? '', 'birth-cert', POD, '-n', NAMESPACE]);
    expect(drawn.stdout).toContain('POD BIRTH CERTIFICATE');
    expect(drawn.stdout).toMatch(/System calls\s+not measured/);
  });

  it('is not told again for a pod that was up before the operator was', async () => {
    await succeed(kubectl, ['delete', 'pbc', '--all', '-n', NAMESPACE]);
    await state.operator?.stop();
    state.operator = await startOperator(state.account!);
    await apply(kubectl, [pod('born-later', 'sleep 1000')]);
    await until('the later certificate', { timeoutMs: 90_000 }, () => certificateOf('born-later'));
    expect(await certificateOf(POD)).toBeUndefined();
  });
});

// The node's kernel must be this machine's, or there is nothing to trace: a cluster in a VM has its own observer.
describe.runIf(cluster.cgroupRoot !== null)('the birth of a pod that the kernel was watched for', () => {
  const POD = 'kernel-born';
  let observer: Program | undefined;
  let born: PodBirthCertificate | undefined;
  const whole = (): PodBirthCertificate => born!;

  beforeAll(async () => {
    // However busy the machine is: what is over its budget stops tracing.
    observer = await startObserver(cluster, state.operator?.url ?? '', ['--cpu-budget', '100']);
    await observer.line(/births: measured/);
    // It ends by itself after a while, so that it is run again.
    await apply(kubectl, [pod(POD, 'sleep 25; exit 1')]);
    born = await until('the whole certificate', { timeoutMs: 60_000 }, async () => {
      const found = await certificateOf(POD);
      const isReady = found?.spec.timeline?.some(({ action }) => action === 'report the pod ready');
      const complete = found?.status?.conditions?.[0];
      if (isReady === true && complete?.status === 'True') return found;
      throw new Error(complete?.message ?? 'not assessed yet');
    });
  });
  afterAll(() => observer?.stop());

  it('has every figure measured, for the sandbox and each container by its role and name', async () => {
    const { spec, status } = whole();
    const { kernel_stats: stats } = spec;
    const containers = spec.containers ?? [];
    expect(containers.map(({ role, container_name }) => [role, container_name ?? null])).toEqual([
      ['sandbox', null],
      ['init', 'setup'],
      ['sidecar', 'proxy'],
      ['container', 'app'],
    ]);
    const { initContainerStatuses, containerStatuses } = await statusesOf(POD);
    expect(containers.slice(1).map(({ container_id }) => `containerd://${container_id ?? ''}`)).toEqual(
      [...initContainerStatuses, ...containerStatuses].map(({ containerID }) => containerID),
    );
    expect(spec.source).toMatchObject({ name: 'kernel-gossip-observer', node_name: cluster.nodeName });
    expect(stats.lost_events).toBe(0);
    expect(spec.incomplete ?? null).toBeNull();
    for (const figure of [
      'total_syscalls',
      'cgroup_writes',
      'cgroups_created',
      'mounts',
      'network_links',
      'network_routes',
      'iptables_rules',
    ] as const) {
      expect(stats[figure], figure).toBe(sum(containers.map((birth) => birth[figure])));
    }
    expect(stats.total_syscalls).toBeGreaterThan(5000);
    expect(stats.cgroup_writes).toBeGreaterThan(0);
    expect(stats.total_duration_ms).toBeGreaterThan(1000);
    expect(status?.verdict).toMatch(/^Born in .* with \d+ system calls; slowest: .*; network plugins took /);
  });

  it('made the namespaces that a pod has: five for the sandbox, two for each container', () => {
    const { spec } = whole();
    const [sandbox, ...others] = (spec.containers ?? []).map(({ namespaces }) => namespaces?.toSorted());
    expect(sandbox).toEqual(['ipc', 'mnt', 'net', 'pid', 'uts']);
    expect(others).toEqual(others.map(() => ['mnt', 'pid']));
    expect(spec.kernel_stats.namespaces_created).toBe(5 + 2 * others.length);
  });

  it('changed the network as its plugin is configured: an interface and routes, and no packet filter', () => {
    const { spec } = whole();
    const [sandbox, ...others] = spec.containers ?? [];
    expect(sandbox?.network_links).toBeGreaterThan(0);
    expect(sandbox?.network_routes).toBeGreaterThan(0);
    expect(spec.kernel_stats.iptables_rules).toBe(0);
    expect(others.map(({ network_links, network_routes }) => [network_links, network_routes])).toEqual(
      others.map(() => [0, 0]),
    );
    expect(spec.timeline?.filter(({ actor }) => actor === 'cni').map(({ action }) => action)).toContain(
      'run the network plugin bridge',
    );
  });

  it("is in order with Kubernetes' own times, within what each of them can tell", () => {
    const { spec } = whole();
    const find = (action: string, name: string | null = null) => {
      const entry = spec.timeline?.find(
        (one) => one.action === action && (one.container_name ?? null) === name,
      );
      const from = entry?.timestamp_ms ?? Number.NaN;
      return { from, to: from + (entry?.resolution_ms ?? 0) };
    };
    const entered = find('execute its first program', 'app');
    const started = find('report the container started', 'app');
    expect(find('assign the pod to a node').from).toBeLessThan(find("make the pod's cgroup").from);
    // The runtime says that a container is started right after its program was executed.
    expect(started.to).toBeGreaterThan(entered.from);
    expect(started.from).toBeLessThan(entered.from + 1000);
    expect(find('report the pod ready').to).toBeGreaterThan(entered.from);
  });

  it('is drawn by kgossip in lanes, container by container', async () => {
    const drawn = await kgossip(['--url', state.operator?.url ?? '', 'birth-cert', POD, '-n', NAMESPACE]);
    for (const text of [
      'apiserver',
      'scheduler',
      'cni',
      'setup, init container',
      'proxy, sidecar',
      'sandbox',
    ]) {
      expect(drawn.stdout).toContain(text);
    }
    expect(drawn.stdout).not.toContain('not measured,');
  });

  it('does not grow by the restart of a container', async () => {
    const before = whole();
    const after = await until('the restart', { timeoutMs: 100_000 }, async () => {
      const found = await certificateOf(POD);
      return found?.spec.containers?.some(
        ({ role, container_name }) => role === 'restart' && container_name === 'app',
      ) === true
        ? found
        : undefined;
    });
    expect(after.spec.kernel_stats).toEqual(before.spec.kernel_stats);
    expect(after.spec.timeline).toEqual(before.spec.timeline);
    expect((await statusesOf(POD)).containerStatuses[0]?.restartCount).toBeGreaterThan(0);
  });
});
