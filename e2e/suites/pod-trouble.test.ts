import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FindingKind, KernelWhisper, KernelWhisperList } from 'kernel-gossip-types';
import { isUnified } from '../src/cluster/cgroup-directory.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, succeed } from '../src/install.ts';
import { apply, kubectlFor } from '../src/kubectl.ts';
import { anonymousBytes, memoryLimitBytes, oomKills } from '../src/memory-files.ts';
import { startObserver } from '../src/observer.ts';
import {
  serviceAccountConfig,
  startOperator,
  type Operator,
  type ServiceAccountConfig,
} from '../src/operator.ts';
import { loseTcpPackets, whyNoLoss } from '../src/packet-loss.ts';
import { until } from '../src/poll.ts';
import type { Program } from '../src/program.ts';
import {
  containerDirectory,
  containerId,
  podGroup,
  podNamed,
  whenRunning,
  type RunningPod,
} from '../src/running-pod.ts';
import { tcpCountersOf } from '../src/tcp-counters.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-trouble';
const MIB = 2 ** 20;
const LIMIT_MIB = 64;

const container = (name: string, command: string, resources: object = {}): object => ({
  name,
  image: cluster.workloadImage,
  imagePullPolicy: cluster.imagePullPolicy,
  command: ['sh', '-c', command],
  resources,
});
const limited = { limits: { memory: `${LIMIT_MIB}Mi` } };
/** A name is only right where another one could have been told. */
const bystander = container('bystander', 'sleep 10000');

const pod = (name: string, containers: readonly object[]): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE },
  spec: { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, containers },
});

const whispersOf = async (podName: string): Promise<readonly KernelWhisper[]> => {
  const list = JSON.parse(
    await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE, '-o', 'json']),
  ) as KernelWhisperList;
  return list.items.filter(({ spec }) => spec.pod_name === podName);
};

/** The whisper of a kind about a pod, as soon as it is assessed and as wanted. */
const whisperOf = (
  podName: string,
  kind: FindingKind,
  isWanted: (whisper: KernelWhisper) => boolean = () => true,
): Promise<KernelWhisper> =>
  until(`the ${kind} of ${podName}`, { timeoutMs: 100_000, everyMs: 250 }, async () => {
    const found = (await whispersOf(podName)).find(({ spec }) => spec.kind === kind);
    if (found?.status?.insight != null && isWanted(found)) return found;
    throw new Error(JSON.stringify(found ?? 'no such whisper'));
  });

const pidsIn = (directory: string): readonly number[] =>
  readFileSync(join(directory, 'cgroup.procs'), 'utf8').trim().split('\n').map(Number);
const pidOf = (running: RunningPod, name: string): number =>
  pidsIn(containerDirectory(cluster, running, name))[0]!;

const expectRightPod = ({ spec, metadata }: KernelWhisper, { metadata: { name, uid } }: RunningPod): void => {
  expect(spec).toMatchObject({
    pod_name: name,
    namespace: NAMESPACE,
    pod_uid: uid,
    provenance: 'measured',
    source: { name: 'kernel-gossip-observer', node_name: cluster.nodeName },
  });
  expect(metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name, uid }]);
};

const expectRightContainer = (whisper: KernelWhisper, running: RunningPod, name: string): void => {
  expectRightPod(whisper, running);
  const id = containerId(running, name);
  expect(whisper.spec).toMatchObject({
    container_name: name,
    container_id: id,
    source: { cgroup: join(podGroup(cluster, running), id) },
  });
};

const obstacle = await whyNoLoss();

// The node's kernel must be this machine's, or there is no cgroup to read: a cluster in a VM has its own observer.
describe.runIf(cluster.cgroupRoot !== null)('real pods in real trouble', () => {
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
    // However busy the machine is: what is over its budget samples less often.
    const settings = ['--kgtrace', 'off', '--cpu-budget', '100'];
    state.observer = await startObserver(cluster, state.operator.url, settings);
  });
  afterAll(async () => {
    await state.observer?.stop();
    await state.operator?.stop();
    state.account?.remove();
    await state.removeNamespace?.();
  });

  describe('a container that holds nearly all the memory it may have', () => {
    const POD = 'hoarding-pod';
    const HELD_MIB = 60;
    const HELD_PERCENT = (100 * HELD_MIB) / LIMIT_MIB;
    const LET_GO = '/tmp/let-go';
    let running: RunningPod;
    const directory = (): string => containerDirectory(cluster, running, 'hoarder');

    beforeAll(async () => {
      // `tail` keeps what it was given, in a buffer of its own, until its input ends.
      const input = `head -c ${HELD_MIB}m /dev/zero; until [ -e ${LET_GO} ]; do sleep 1; done`;
      const hoarder = `(${input}) | tail -c ${HELD_MIB}m >/dev/null; sleep 10000`;
      await apply(kubectl, [pod(POD, [bystander, container('hoarder', hoarder, limited)])]);
      running = await whenRunning(kubectl, NAMESPACE, POD);
    });

    it('is told of by its name, with the figures of its own group', async () => {
      const whisper = await whisperOf(POD, 'memory_pressure');
      expectRightContainer(whisper, running, 'hoarder');
      expect(whisper.status?.phase).toBe('Open');
      expect(whisper.status?.insight).toMatch(
        /^Pod experiencing memory pressure at 9\d(\.\d+)?% of its limit$/,
      );
      const { memory, severity } = whisper.spec;
      expect(severity).toBe('critical');
      expect(memory?.limit_bytes).toBe(memoryLimitBytes(directory()));
      expect(memory?.limit_bytes).toBe(LIMIT_MIB * MIB);
      expect(memory?.episode_oom_kills).toBe(oomKills(directory()));
      // Between what the kernel cannot take from it, which is still there, and the limit.
      expect(anonymousBytes(directory())).toBeGreaterThanOrEqual(HELD_MIB * MIB);
      expect(memory?.usage_bytes).toBeGreaterThanOrEqual(HELD_MIB * MIB);
      expect(memory?.usage_bytes).toBeLessThanOrEqual(LIMIT_MIB * MIB);
      // File pages that can be dropped are in the usage, not in the share; that is told with six digits.
      const mostPercent = (100 * memory!.usage_bytes!) / memory!.limit_bytes! + 1e-6;
      expect(memory?.usage_percent).toBeGreaterThanOrEqual(HELD_PERCENT);
      expect(memory?.usage_percent).toBeLessThanOrEqual(mostPercent);
    });

    it('is resolved when it lets go, and keeps the figures of what was', async () => {
      const before = await whisperOf(POD, 'memory_pressure');
      writeFileSync(`/proc/${pidOf(running, 'hoarder')}/root${LET_GO}`, '');
      const after = await whisperOf(POD, 'memory_pressure', ({ status }) => status?.phase === 'Resolved');
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.spec).toMatchObject({ detected_at: before.spec.detected_at, container_name: 'hoarder' });
      expect(after.spec.memory?.usage_percent).toBeGreaterThanOrEqual(HELD_PERCENT);
      expect(after.spec.ended_percent).toBeLessThan(80);
      expect(Date.parse(after.spec.ended_at!)).toBeGreaterThan(Date.parse(before.spec.detected_at));
      expect(anonymousBytes(directory())).toBeLessThan((HELD_MIB * MIB) / 2);
    });

    it('is the only one told of, and was never restarted', async () => {
      expect((await whispersOf(POD)).map(({ spec }) => [spec.kind, spec.container_name])).toEqual([
        ['memory_pressure', 'hoarder'],
      ]);
      const { status } = await podNamed(kubectl, NAMESPACE, POD);
      expect(status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
    });
  });

  // On version 2 the kubelet sets memory.oom.group, unless told singleProcessOOMKill, and the container dies as a whole.
  describe.skipIf(isUnified())('a container that loses children to the OOM killer, and goes on', () => {
    const POD = 'bereaved-pod';
    const CHILDREN = 3;
    let running: RunningPod;
    const killed = (): number => oomKills(containerDirectory(cluster, running, 'parent'));

    beforeAll(async () => {
      const child = `head -c ${2 * LIMIT_MIB}m /dev/zero | tail -c ${2 * LIMIT_MIB}m >/dev/null`;
      const parent = `for child in $(seq ${CHILDREN}); do ${child}; done; sleep 10000`;
      await apply(kubectl, [pod(POD, [bystander, container('parent', parent, limited)])]);
      running = await whenRunning(kubectl, NAMESPACE, POD);
    });

    it('is told of by its name, with as many kills as the kernel counted', async () => {
      await until('the kernel to kill them all', { timeoutMs: 60_000 }, () =>
        killed() >= CHILDREN ? true : undefined,
      );
      const whisper = await whisperOf(
        POD,
        'memory_pressure',
        ({ spec, status }) =>
          spec.memory?.episode_oom_kills === killed() && status?.insight?.includes(`${killed()} `) === true,
      );
      expectRightContainer(whisper, running, 'parent');
      expect(whisper.spec.severity).toBe('critical');
      expect(whisper.spec.memory).toMatchObject({
        limit_bytes: LIMIT_MIB * MIB,
        episode_oom_kills: CHILDREN,
      });
      expect(whisper.status?.insight).toBe(`Pod lost ${CHILDREN} processes to the kernel's OOM killer`);
      expect(whisper.status?.recommendation).toMatch(/^Raise the memory limit above 64 MiB/);
    });

    it('is all that tells of it: Kubernetes shows a pod that runs and was never restarted', async () => {
      const { status } = await podNamed(kubectl, NAMESPACE, POD);
      expect(status.phase).toBe('Running');
      expect(status.containerStatuses).toMatchObject([
        { name: 'bystander', restartCount: 0, state: { running: {} } },
        { name: 'parent', restartCount: 0, state: { running: {} } },
      ]);
      expect((await whispersOf(POD)).map(({ spec }) => [spec.kind, spec.container_name])).toEqual([
        ['memory_pressure', 'parent'],
      ]);
    });
  });

  describe.skipIf(obstacle !== null)(
    `a pod whose packets get lost on their way${obstacle === null ? '' : ` (${obstacle})`}`,
    () => {
      const SENDER = 'sending-pod';
      const RECEIVER = 'receiving-pod';
      const LOST = 0.3;
      let sender: RunningPod;
      const retransmits = (): Promise<KernelWhisper> =>
        whisperOf(SENDER, 'network_issue', ({ spec }) => spec.network?.symptom === 'retransmits');

      beforeAll(async () => {
        const serve = 'head -c 50k /dev/zero > /tmp/zeros; exec httpd -f -p 8080 -h /tmp';
        await apply(kubectl, [pod(SENDER, [bystander, container('server', serve)])]);
        sender = await whenRunning(kubectl, NAMESPACE, SENDER);
        const url = `http://${sender.status.podIP ?? ''}:8080/zeros`;
        const fetchOn = `while :; do wget -q -O /dev/null ${url}; sleep 1; done`;
        await apply(kubectl, [
          pod(RECEIVER, [container('client', `for one in 1 2 3 4 5 6; do (${fetchOn}) & done; wait`)]),
        ]);
        const receiver = await whenRunning(kubectl, NAMESPACE, RECEIVER);
        await loseTcpPackets(pidOf(receiver, 'client'), LOST);
      });

      it('is told to send again, as a whole: its containers share one network', async () => {
        const whisper = await retransmits();
        expectRightPod(whisper, sender);
        expect(whisper.spec.source?.cgroup).toBe(podGroup(cluster, sender));
        expect(whisper.spec.container_name ?? null).toBeNull();
        expect(whisper.spec.container_id ?? null).toBeNull();
        expect(whisper.status?.phase).toBe('Open');
        expect(whisper.status?.kernel_evidence).toMatch(
          /^Kernel shows \S+% TCP retransmissions \(\d+ of \d+ segments\)/,
        );
      });

      it('is told by its own counters', async () => {
        const { spec } = await retransmits();
        const { failed, attempted, failure_percent } = spec.network!;
        const { RetransSegs, OutSegs } = tcpCountersOf(pidOf(sender, 'server'));
        expect(failed).toBeGreaterThan(0);
        expect(failed).toBeLessThanOrEqual(RetransSegs!);
        expect(attempted).toBeLessThanOrEqual(OutSegs! + RetransSegs!);
        expect(failure_percent).toBeCloseTo((100 * failed!) / attempted!, 5);
        expect((await whispersOf(SENDER)).map(({ spec: { kind } }) => kind)).toEqual(['network_issue']);
      });
    },
  );
});
