import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FindingKind, KernelWhisper, KernelWhisperList, Remedy } from 'kernel-gossip-types';
import { cgroupDirectory, isUnified } from '../src/cluster/cgroup-directory.ts';
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
const NAMESPACE = 'kg-remedy';
const UNBOUND = 'kg-remedy-unbound';
const BOUNDED = 'kg-remedy-bounded';

const twice = (loop: string): string => `(${loop}) & ${loop}`;
/** Work in bursts, then a rest: two of these want more at once than they use on average. */
const BURSTS = twice('while :; do i=0; while [ $i -lt 45000 ]; do i=$((i+1)); done; usleep 150000; done');
const FOR_EVER = twice('while :; do :; done');
/** Children that need some 70 MiB: more than there is, and less than half as much again. */
const HUNGRY_CHILDREN = 'while :; do head -c 70m /dev/zero | tail -c 70m >/dev/null; sleep 15; done';

/** A pod under a limit of a fifth of a core and 64 MiB. */
const pod = (
  namespace: string,
  name: string,
  script: string,
  labels: Readonly<Record<string, string>>,
): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'worker',
        image: cluster.workloadImage,
        imagePullPolicy: cluster.imagePullPolicy,
        command: ['sh', '-c', script],
        resources: { requests: { cpu: '50m' }, limits: { cpu: '200m', memory: '64Mi' } },
      },
    ],
  },
});

const policy = (namespace: string, name: string, mode: string, app: string, cores = 1.5): object => ({
  apiVersion: 'kernel.gossip.io/v1alpha1',
  kind: 'RemediationPolicy',
  metadata: { name, namespace },
  spec: {
    mode,
    kinds: ['cpu_throttle', 'memory_pressure'],
    pod_selector: { match_labels: { app } },
    limits: {
      max_cpu_cores: cores,
      max_factor: 10,
      max_increase_percent: 300,
      max_changes_per_hour: 20,
      min_seconds_between_changes: 1,
    },
  },
});

/** A Deployment under everything that forbids a change of its pods' limits. */
function surroundings(namespace: string): readonly object[] {
  const metadata = { name: 'hemmed-in', namespace };
  const { spec } = pod(namespace, 'hemmed-in', BURSTS, {}) as { readonly spec: object };
  const labels = { app: 'auto' };
  return [
    {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata,
      spec: { limits: [{ type: 'Container', max: { cpu: '200m' } }] },
    },
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { 'limits.cpu': '210m' } } },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hemmed-in' },
        maxReplicas: 1,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
          },
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        ...metadata,
        annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:x/y' },
      },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  ];
}

interface LivePod {
  readonly metadata: { readonly uid: string };
  readonly spec: {
    readonly containers: readonly { readonly resources: { readonly limits: { readonly cpu: string } } }[];
  };
  readonly status: {
    readonly containerStatuses: readonly { readonly containerID: string; readonly restartCount: number }[];
  };
}

const readPod = async (namespace: string, name: string): Promise<LivePod> =>
  JSON.parse(await succeed(kubectl, ['get', 'pod', name, '-n', namespace, '-o', 'json'])) as LivePod;

/** So that it leaves the machine's CPUs to the next one. */
const remove = (namespace: string, name: string): Promise<string> =>
  succeed(kubectl, ['delete', 'pod', name, '-n', namespace, '--now']);

const kgossip = (...args: readonly string[]) =>
  run(process.execPath, [join(REPOSITORY, 'packages/cli/bin/kgossip.js'), ...args], {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfigPath, KGOSSIP_URL: '' },
  });

const limitOf = ({ spec }: LivePod): string => spec.containers[0]?.resources.limits.cpu ?? '';

async function whisperAbout(
  namespace: string,
  name: string,
  kind: FindingKind = 'cpu_throttle',
): Promise<KernelWhisper | undefined> {
  const list = JSON.parse(
    await succeed(kubectl, ['get', 'kw', '-n', namespace, '-o', 'json']),
  ) as KernelWhisperList;
  return list.items.find(
    ({ spec }) =>
      spec.kind === kind &&
      spec.container_name === 'worker' &&
      (spec.pod_name === name || spec.workload?.name === name),
  );
}

/** Waits until a remedy is in one of these phases. */
const remedyOf = (
  namespace: string,
  name: string,
  ...phases: readonly Remedy['phase'][]
): Promise<KernelWhisper> => remedyFor('cpu_throttle', namespace, name, phases);

async function remedyFor(
  kind: FindingKind,
  namespace: string,
  name: string,
  phases: readonly Remedy['phase'][],
): Promise<KernelWhisper> {
  let last: Remedy | null | undefined;
  try {
    return await until(`${name}: ${phases.join(' or ')}`, { timeoutMs: 240_000, everyMs: 500 }, async () => {
      const whisper = await whisperAbout(namespace, name, kind);
      last = whisper?.status?.remedy;
      return last != null && phases.includes(last.phase) ? whisper : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)}; it was ${JSON.stringify(last)}`, { cause: error });
  }
}

/** CPU limit of a cgroup as the kernel has it, in cores: of the container, or of its pod where no id is given. */
function limitInKernel({ metadata }: LivePod, containerId = ''): number {
  const group = join(cluster.cgroupRoot ?? '', 'burstable', `pod${metadata.uid}`, containerId);
  const directory = cgroupDirectory('cpu', group);
  const read = (file: string): number => Number(readFileSync(join(directory, file), 'utf8'));
  return read('cpu.cfs_quota_us') / read('cpu.cfs_period_us');
}

const containerIdOf = ({ status }: LivePod): string =>
  (status.containerStatuses[0]?.containerID ?? '').replace('containerd://', '');

// A loop has several steps, of which each waits for the kubelet and for windows of some seconds.
const PATIENCE_MS = 300_000;

describe.runIf(cluster.cgroupRoot !== null)('a remedy on a real pod', { timeout: PATIENCE_MS }, () => {
  const state: {
    account?: ServiceAccountConfig;
    operator?: Operator;
    observer?: Program;
    removals: (() => Promise<void>)[];
  } = { removals: [] };

  const observe = (): Promise<Program> =>
    startObserver(cluster, state.operator?.url ?? '', ['--summary-interval', '3s']);

  beforeAll(async () => {
    await install(kubectl);
    for (const namespace of [NAMESPACE, UNBOUND, BOUNDED])
      state.removals.push(await makeNamespace(kubectl, namespace));
    for (const namespace of [NAMESPACE, BOUNDED])
      await succeed(kubectl, [
        ...['create', 'rolebinding', 'kernel-gossip-remedy', '-n', namespace],
        ...['--clusterrole=kernel-gossip-remedy', '--serviceaccount=kernel-gossip:kernel-gossip-operator'],
      ]);
    await apply(kubectl, [
      policy(NAMESPACE, 'auto', 'Auto', 'auto'),
      policy(NAMESPACE, 'shown', 'DryRun', 'shown'),
      // As much as it gets on any machine, so that it is seen to use all of it.
      policy(NAMESPACE, 'bounded', 'Auto', 'greedy', 0.6),
      policy(UNBOUND, 'auto', 'Auto', 'auto'),
      policy(BOUNDED, 'auto', 'Auto', 'auto'),
    ]);
    state.account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
    state.operator = await startOperator(state.account, ['--flush', '1']);
    state.observer = await observe();
  });
  afterAll(async () => {
    await state.observer?.stop();
    await state.operator?.stop();
    state.account?.remove();
    for (const remove of state.removals) await remove();
  });

  it('is only shown, with the exact patch, where the policy says DryRun', async () => {
    await apply(kubectl, [pod(NAMESPACE, 'shown', BURSTS, { app: 'shown' })]);
    const { status } = await remedyOf(NAMESPACE, 'shown', 'Proposed');
    const remedy = status?.remedy;
    expect(remedy).toMatchObject({ mode: 'DryRun', decided_by: 'policy shown', container_name: 'worker' });
    expect(remedy?.checks?.filter(({ passed }) => !passed)).toEqual([]);
    const patch = JSON.parse(remedy?.patch ?? '') as { readonly spec: object };
    // The API server would take exactly this.
    await succeed(kubectl, [
      ...['patch', 'pod', 'shown', '-n', NAMESPACE, '--subresource', 'resize', '--dry-run=server'],
      ...['-p', JSON.stringify(patch)],
    ]);
    expect(limitOf(await readPod(NAMESPACE, 'shown'))).toBe('200m');
  });

  it('is made where a person approves it, and unmade where a person wants it back', async () => {
    const proposed = (await remedyOf(NAMESPACE, 'shown', 'Proposed')).status?.remedy?.to?.cpu_limit;
    const approved = await kgossip('remedy', 'approve', 'shown', '-n', NAMESPACE);
    expect(approved).toMatchObject({ code: 0 });
    expect(
      (await remedyOf(NAMESPACE, 'shown', 'Applying', 'Measuring', 'Proven')).status?.remedy,
    ).toMatchObject({
      decided_by: 'approved by a person, on the whisper',
      original: { cpu_limit: '200m' },
    });
    await remedyOf(NAMESPACE, 'shown', 'Proven');
    expect(limitOf(await readPod(NAMESPACE, 'shown'))).not.toBe('200m');
    expect(proposed).not.toBe('200m');
    const undone = await kgossip('remedy', 'undo', 'shown', '-n', NAMESPACE);
    expect(undone).toMatchObject({ code: 0 });
    expect((await remedyOf(NAMESPACE, 'shown', 'TakenBack')).status?.remedy).toMatchObject({
      reason: 'UndoneByRequest',
    });
    expect(limitOf(await readPod(NAMESPACE, 'shown'))).toBe('200m');
    await remove(NAMESPACE, 'shown');
  });

  it('is refused, and says which right is missing, in a namespace that gave none', async () => {
    await apply(kubectl, [pod(UNBOUND, 'unbound', BURSTS, { app: 'auto' })]);
    const { status } = await remedyOf(UNBOUND, 'unbound', 'Refused');
    expect(status?.remedy).toMatchObject({ reason: 'Permission' });
    expect(status?.remedy?.message).toMatch(/patch on pods\/resize in namespace kg-remedy-unbound/);
    expect(limitOf(await readPod(UNBOUND, 'unbound'))).toBe('200m');
    await remove(UNBOUND, 'unbound');
  });

  it('is refused where the namespace or an autoscaler leaves no room, and each says so', async () => {
    await apply(kubectl, surroundings(BOUNDED));
    const { status, spec } = await remedyOf(BOUNDED, 'hemmed-in', 'Refused');
    expect(spec.workload).toEqual({ kind: 'Deployment', name: 'hemmed-in' });
    const refusals = status?.remedy?.checks?.filter(({ passed }) => !passed).map(({ name }) => name);
    expect(refusals).toEqual(['LimitRange', 'ResourceQuota', 'Autoscaler', 'Repository']);
    expect(status?.remedy?.owner).toMatchObject({ kind: 'Deployment', managed_by: 'Argo CD (shop)' });
    await succeed(kubectl, ['delete', 'deployment', 'hemmed-in', '-n', BOUNDED]);
  });

  it('raises the limit without a restart, proves it in both cgroups, and the whisper ends', async () => {
    await apply(kubectl, [pod(NAMESPACE, 'bursty', BURSTS, { app: 'auto' })]);
    const { status } = await remedyOf(NAMESPACE, 'bursty', 'Proven');
    const live = await readPod(NAMESPACE, 'bursty');
    const limit = limitInKernel(live, containerIdOf(live));
    const inBoth = { limit_cores: expect.closeTo(limit, 3) as number };
    expect(limit).toBeGreaterThan(0.2);
    expect(limitInKernel(live)).toBeCloseTo(limit, 3);
    expect(status?.remedy).toMatchObject({
      to: { cpu_limit: limitOf(live) },
      before: { container: { limit_cores: 0.2 }, pod: { limit_cores: 0.2 } },
      after: { container: inBoth, pod: inBoth },
    });
    expect(status?.remedy?.improvement_percent).toBeGreaterThan(50);
    expect(live.status.containerStatuses).toMatchObject([{ restartCount: 0 }]);
    const ended = await until('the whisper to end', { timeoutMs: 60_000 }, async () => {
      const whisper = await whisperAbout(NAMESPACE, 'bursty');
      return whisper?.status?.phase === 'Resolved' ? whisper : undefined;
    });
    expect(ended.status?.cause?.kind).toBeDefined();
    const events = await succeed(kubectl, [
      ...['get', 'events.events.k8s.io', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].reason}'],
    ]);
    expect(events).toContain('RemedyApplied');
    expect(events).toContain('RemedyProven');
    await remove(NAMESPACE, 'bursty');
  });

  it('puts the old limit back where no limit would be enough', async () => {
    await apply(kubectl, [pod(NAMESPACE, 'greedy', FOR_EVER, { app: 'greedy' })]);
    const { status } = await remedyOf(NAMESPACE, 'greedy', 'LeftAlone', 'TakenBack');
    expect(status?.remedy?.before?.container?.nr_throttled).toBeGreaterThan(0);
    expect(status?.remedy?.after?.container?.nr_throttled).toBeGreaterThan(0);
    const live = await readPod(NAMESPACE, 'greedy');
    expect(limitOf(live)).toBe('200m');
    expect(limitInKernel(live, containerIdOf(live))).toBeCloseTo(0.2, 3);
    expect(limitInKernel(live)).toBeCloseTo(0.2, 3);
    expect(live.status.containerStatuses[0]?.restartCount).toBe(0);
    await remove(NAMESPACE, 'greedy');
  });

  it('goes on where it was when the operator is killed between patch and proof', async () => {
    await apply(kubectl, [pod(NAMESPACE, 'survivor', BURSTS, { app: 'auto' })]);
    await remedyOf(NAMESPACE, 'survivor', 'Applying', 'Measuring');
    await state.operator?.stop('SIGKILL');
    await state.observer?.stop();
    if (state.account === undefined) throw new Error('no account');
    state.operator = await startOperator(state.account, ['--flush', '1']);
    state.observer = await observe();
    const { status } = await remedyOf(NAMESPACE, 'survivor', 'Proven', 'TakenBack');
    expect(status?.remedy).toMatchObject({ phase: 'Proven' });
    expect(status?.remedy?.original?.cpu_limit).toBe('200m');
    await remove(NAMESPACE, 'survivor');
  });

  it('steps back where someone else changes the limit meanwhile', async () => {
    await apply(kubectl, [pod(NAMESPACE, 'shared', BURSTS, { app: 'auto' })]);
    await remedyOf(NAMESPACE, 'shared', 'Applying', 'Measuring');
    const patch = { spec: { containers: [{ name: 'worker', resources: { limits: { cpu: '230m' } } }] } };
    await succeed(kubectl, [
      ...['patch', 'pod', 'shared', '-n', NAMESPACE, '--subresource', 'resize', '-p', JSON.stringify(patch)],
    ]);
    const { status } = await remedyOf(NAMESPACE, 'shared', 'SteppedBack');
    expect(status?.remedy).toMatchObject({ reason: 'ChangedByOthers' });
    expect(limitOf(await readPod(NAMESPACE, 'shared'))).toBe('230m');
    await remove(NAMESPACE, 'shared');
  });

  // On version 2 the kubelet sets memory.oom.group, unless told singleProcessOOMKill, and the container dies as a whole.
  it.skipIf(isUnified())(
    'raises the memory of a container whose children are killed for want of it',
    async () => {
      await apply(kubectl, [policy(NAMESPACE, 'memory', 'Auto', 'memory')]);
      await apply(kubectl, [pod(NAMESPACE, 'short', HUNGRY_CHILDREN, { app: 'memory' })]);
      const { status } = await remedyFor('memory_pressure', NAMESPACE, 'short', ['Proven']);
      const live = await readPod(NAMESPACE, 'short');
      expect(status?.remedy).toMatchObject({ reason: 'NoneKilled', original: { memory_limit: '64Mi' } });
      const group = join(cluster.cgroupRoot ?? '', 'burstable', `pod${live.metadata.uid}`);
      for (const path of [join(group, containerIdOf(live)), group])
        expect(
          Number(readFileSync(join(cgroupDirectory('memory', path), 'memory.limit_in_bytes'), 'utf8')),
        ).toBe(96 * 2 ** 20);
      expect(live.status.containerStatuses).toMatchObject([{ restartCount: 0 }]);
      await remove(NAMESPACE, 'short');
    },
  );

  it('is over with its pod, without a word of complaint', async () => {
    await apply(kubectl, [pod(NAMESPACE, 'gone', BURSTS, { app: 'auto' })]);
    await remedyOf(NAMESPACE, 'gone', 'Applying', 'Measuring');
    await remove(NAMESPACE, 'gone');
    await until('the whisper to go with its pod', { timeoutMs: 60_000 }, async () =>
      (await whisperAbout(NAMESPACE, 'gone')) === undefined ? true : undefined,
    );
    const complaints = state.operator?.log.filter(
      (line) => line.includes('remedy-controller') && /failed|mend/.test(line),
    );
    expect(complaints).toEqual([]);
  });

  it('is taken back when its policy is switched off before it was proved', async () => {
    await apply(kubectl, [pod(NAMESPACE, 'stopped', BURSTS, { app: 'auto' })]);
    await remedyOf(NAMESPACE, 'stopped', 'Applying', 'Measuring');
    await apply(kubectl, [policy(NAMESPACE, 'auto', 'Off', 'auto')]);
    const { status } = await remedyOf(NAMESPACE, 'stopped', 'TakenBack');
    expect(status?.remedy).toMatchObject({ reason: 'SwitchedOff' });
    expect(limitOf(await readPod(NAMESPACE, 'stopped'))).toBe('200m');
  });
});
