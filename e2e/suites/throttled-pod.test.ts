import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { KernelWhisper, KernelWhisperList } from 'kernel-gossip-types';
import { cgroupDirectory } from '../src/cluster/cgroup-directory.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { run } from '../src/command.ts';
import {
  install,
  makeNamespace,
  OPERATOR_NAMESPACE,
  REPOSITORY,
  succeed,
  throttledPod,
} from '../src/install.ts';
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
const NAMESPACE = 'kg-throttled';
const POD = 'slow-pod';

const kgossip = (args: readonly string[]) =>
  run(process.execPath, [join(REPOSITORY, 'packages/cli/bin/kgossip.js'), ...args]);

const containerWhisper = async (): Promise<KernelWhisper | undefined> => {
  const list = JSON.parse(
    await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE, '-o', 'json']),
  ) as KernelWhisperList;
  return list.items.find(({ spec }) => spec.pod_name === POD && spec.container_name === 'burner');
};

/** `nr_throttled` of a container as the kernel counts it. */
const nrThrottled = (uid: string, containerId: string): number => {
  const group = join(cluster.cgroupRoot ?? '', 'burstable', `pod${uid}`, containerId);
  const text = readFileSync(join(cgroupDirectory('cpu', group), 'cpu.stat'), 'utf8');
  return Number(/^nr_throttled (\d+)$/m.exec(text)?.[1]);
};

// The node's kernel must be this machine's, or there is no cgroup to read: a cluster in a VM has its own observer.
describe.runIf(cluster.cgroupRoot !== null)('a real pod, really throttled', () => {
  const state: {
    account?: ServiceAccountConfig;
    operator?: Operator;
    observer?: Program;
    removeNamespace?: () => Promise<void>;
  } = {};

  beforeAll(async () => {
    await install(kubectl);
    state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
    state.account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
    state.operator = await startOperator(state.account, ['--flush', '1']);
    state.observer = await startObserver(cluster, state.operator.url, ['--summary-interval', '2s']);
    await apply(kubectl, [throttledPod(cluster, NAMESPACE, POD)]);
  });
  afterAll(async () => {
    await state.observer?.stop();
    await state.operator?.stop();
    state.account?.remove();
    await state.removeNamespace?.();
  });

  it('is found by the observer, named by the operator and filed beside the pod', async () => {
    const whisper = await until('the whisper', { timeoutMs: 60_000 }, async () => {
      const found = await containerWhisper();
      return found?.status?.insight == null ? undefined : found;
    });
    const pod = JSON.parse(await succeed(kubectl, ['get', 'pod', POD, '-n', NAMESPACE, '-o', 'json'])) as {
      readonly metadata: { readonly uid: string };
    };
    expect(whisper.spec).toMatchObject({
      pod_name: POD,
      container_name: 'burner',
      pod_uid: pod.metadata.uid,
      severity: 'critical',
      provenance: 'measured',
      source: { name: 'kernel-gossip-observer', node_name: cluster.nodeName },
      kernel_truth: { limit_cores: 0.2 },
    });
    expect(whisper.metadata.ownerReferences).toMatchObject([
      { kind: 'Pod', name: POD, uid: pod.metadata.uid },
    ]);
    expect(whisper.status?.kernel_evidence).toMatch(/^Kernel throttled \d+ of \d+ CFS periods/);
    expect(whisper.status?.recommendation).toMatch(
      /Raise the CPU limit from 200m to \d+m, then measure again/,
    );
  });

  it('was counted as the kernel counted it', async () => {
    const { spec } = await until('the whisper', { timeoutMs: 10_000 }, containerWhisper);
    const periods = spec.kernel_truth?.nr_periods ?? Number.NaN;
    const throttled = spec.kernel_truth?.nr_throttled ?? Number.NaN;
    expect(throttled).toBeLessThanOrEqual(periods);
    expect(spec.throttled_percent).toBeCloseTo((100 * throttled) / periods, 5);
    expect(nrThrottled(spec.pod_uid ?? '', spec.container_id ?? '')).toBeGreaterThanOrEqual(throttled);
  });

  it('is read back by kgossip and kubectl', async () => {
    const listed = await kgossip([
      '--url',
      state.operator?.url ?? '',
      'whispers',
      '-n',
      NAMESPACE,
      '-o',
      'json',
    ]);
    expect(listed.stderr.trim()).toBe(`# operator at ${state.operator?.url ?? ''} (--url)`);
    expect((JSON.parse(listed.stdout) as KernelWhisperList).items.map(({ spec }) => spec.pod_name)).toContain(
      POD,
    );
    const table = await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE]);
    expect(table).toMatch(
      /slow-pod\S*\s+slow-pod\s+burner\s+cpu_throttle\s+critical\s+Open\s+\S+\s+Proposed\s+Kernel throttled/,
    );
  });

  it('is read by kgossip from the cluster itself, with a kubeconfig alone', async () => {
    const listed = await run(
      process.execPath,
      [join(REPOSITORY, 'packages/cli/bin/kgossip.js'), 'whispers', '-n', NAMESPACE, '-o', 'name'],
      { env: { ...process.env, KUBECONFIG: cluster.kubeconfigPath, KGOSSIP_URL: '' } },
    );
    expect(listed.stdout).toMatch(/^kernelwhisper\.kernel\.gossip\.io\/slow-pod-cpu-throttle-/m);
  });

  it('takes its findings with it when it is deleted', async () => {
    await succeed(kubectl, ['delete', 'pod', POD, '-n', NAMESPACE, '--now']);
    const collected = await until(
      'the cluster to collect the findings',
      { timeoutMs: 60_000, everyMs: 250 },
      async () => ((await containerWhisper()) === undefined ? true : undefined),
    );
    expect(collected).toBe(true);
  });
});
