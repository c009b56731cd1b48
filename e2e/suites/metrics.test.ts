import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { KernelWhisper, KernelWhisperList } from 'kernel-gossip-types';
import { loadKubeConfig, openKubeApi } from 'kernel-gossip-operator/kubernetes';
import { podMetricsReader, type PodMetrics } from '../../packages/operator/src/cluster/pod-metrics.ts';
import {
  metricsServerBinary,
  startMetricsServer,
  type MetricsServer,
} from '../src/cluster/built/metrics-server.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, succeed, throttledPod } from '../src/install.ts';
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
const NAMESPACE = 'kg-metrics';
const POD = 'slow-pod';
const LATER_POD = 'later-pod';
/** Of `throttledPod`. */
const LIMIT_CORES = 0.2;

/** Asks for a pod's metrics as whose the kubeconfig is; each time anew, so that nothing is remembered. */
const metricsOf = async (pod: string, { path }: ServiceAccountConfig): Promise<PodMetrics> => {
  const api = openKubeApi(loadKubeConfig({ kubeconfig: path }));
  try {
    return await podMetricsReader(api)({ namespace: NAMESPACE, name: pod }, new AbortController().signal);
  } finally {
    await api.close();
  }
};

/** The whisper about a pod, as soon as it is as wanted. */
const whisperOf = (pod: string, isWanted: (whisper: KernelWhisper) => boolean): Promise<KernelWhisper> =>
  until(`the whisper about ${pod}`, { timeoutMs: 100_000, everyMs: 250 }, async () => {
    const list = JSON.parse(
      await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE, '-o', 'json']),
    ) as KernelWhisperList;
    const found = list.items.find(({ spec }) => spec.pod_name === pod && spec.container_name === 'burner');
    if (found !== undefined && isWanted(found)) return found;
    throw new Error(JSON.stringify(found ?? 'no such whisper'));
  });

// A metrics-server of our own needs a cluster of our own.
describe.runIf(cluster.provider === 'built')('what the metrics say of a really throttled pod', () => {
  const state: {
    account?: ServiceAccountConfig;
    stranger?: ServiceAccountConfig;
    metricsServer?: MetricsServer;
    operator?: Operator;
    observer?: Program;
    removeNamespace?: () => Promise<void>;
  } = {};

  // The first time it takes minutes.
  beforeAll(() => metricsServerBinary(), 900_000);
  beforeAll(async () => {
    await install(kubectl);
    state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
    state.account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
    state.stranger = await serviceAccountConfig(cluster, NAMESPACE, 'default');
  });
  afterAll(async () => {
    await state.observer?.stop();
    await state.operator?.stop();
    await state.metricsServer?.remove();
    state.account?.remove();
    state.stranger?.remove();
    await state.removeNamespace?.();
  });

  it('is nothing, and that is said, where the cluster has no metrics-server', async () => {
    expect(await metricsOf(POD, state.account!)).toEqual({
      availability: 'not_available',
      message: expect.stringMatching(/^This cluster serves no metrics\.k8s\.io/) as string,
    });
  });

  it('is told with its window once metrics-server has scraped the pod', async () => {
    state.metricsServer = await startMetricsServer(cluster);
    state.operator = await startOperator(state.account!, ['--flush', '1']);
    const settings = ['--summary-interval', '2s', '--cpu-budget', '100'];
    state.observer = await startObserver(cluster, state.operator.url, settings);
    expect(await metricsOf(POD, state.account!)).toMatchObject({ availability: 'no_sample' });
    await apply(kubectl, [throttledPod(cluster, NAMESPACE, POD)]);
    const metrics = await until('a sample', { timeoutMs: 60_000, everyMs: 1000 }, async () => {
      const answer = await metricsOf(POD, state.account!);
      return answer.availability === 'available' ? answer : undefined;
    });
    const { cpuCores, memoryBytes } = metrics.containers.get('burner')!;
    expect(cpuCores).toBeGreaterThan(0);
    expect(cpuCores).toBeLessThan(LIMIT_CORES * 1.5);
    expect(memoryBytes).toBeGreaterThan(0);
    expect(metrics.windowSeconds).toBeGreaterThan(0);
    expect(Math.abs(Date.now() - Date.parse(metrics.measuredAt))).toBeLessThan(60_000);
  });

  it('is kept from those who may not read it', async () => {
    expect(await metricsOf(POD, state.stranger!)).toEqual({
      availability: 'not_available',
      message: expect.stringMatching(/^The operator may not read metrics\.k8s\.io: .*forbidden/) as string,
    });
  });

  it('stands on the whisper beside what the kernel counted, each with its window', async () => {
    const { status } = await whisperOf(
      POD,
      ({ status: now }) =>
        now?.metrics?.availability === 'available' && now.metrics_comparison?.metrics_cpu_usage != null,
    );
    const metrics = status!.metrics!;
    expect(metrics.cpu_cores).toBeGreaterThan(0);
    expect(metrics.window_seconds).toBeGreaterThan(0);
    expect(metrics.kernel_cpu_cores).toBeGreaterThan(0);
    expect(metrics.kernel_window_seconds).toBeGreaterThan(0);
    const apartMs = Math.abs(Date.parse(metrics.measured_at!) - Date.parse(metrics.kernel_measured_at!));
    expect(apartMs).toBeLessThan(120_000);
    expect(status!.metrics_comparison).toMatchObject({
      kernel_cpu_usage: metrics.kernel_cpu_cores,
      metrics_cpu_usage: metrics.cpu_cores,
    });
    expect(status!.metrics_comparison?.discrepancy_percent).not.toBeNull();
  });

  it('is nothing, and no number, on a whisper that opens when metrics-server is gone', async () => {
    await state.metricsServer!.stop();
    expect(await metricsOf(POD, state.account!)).toEqual({
      availability: 'not_available',
      message: expect.stringMatching(/nobody answers for it/) as string,
    });
    await apply(kubectl, [throttledPod(cluster, NAMESPACE, LATER_POD)]);
    const { status } = await whisperOf(LATER_POD, ({ status: now }) => now?.metrics != null);
    const { availability, message, read_at, ...figures } = status!.metrics!;
    expect(availability).toBe('not_available');
    expect(message).toMatch(/nobody answers for it/);
    expect(Date.parse(read_at)).not.toBeNaN();
    expect(Object.values(figures).filter((figure) => figure !== null)).toEqual([]);
    expect(status!.metrics_comparison?.metrics_cpu_usage ?? null).toBeNull();
  });
});
