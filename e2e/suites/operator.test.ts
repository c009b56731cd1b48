import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { KernelWhisper, PodBirthCertificateList, WebhookAnswer } from 'kernel-gossip-types';
import { connectCluster } from '../src/cluster/connect.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, succeed } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';
import {
  isReady,
  senderToken,
  serviceAccountConfig,
  startOperator,
  type Operator,
  type ServiceAccountConfig,
} from '../src/operator.ts';
import { until } from '../src/poll.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-operator';

const throttle = (changes: object = {}): object => ({
  type: 'cpu_throttle',
  pod_name: 'web-1',
  namespace: NAMESPACE,
  container_name: 'app',
  throttle_percentage: 85.5,
  actual_cpu_usage: 0.98,
  reported_cpu_usage: 0.35,
  period_seconds: 60,
  timestamp: new Date().toISOString(),
  ...changes,
});
const sender = { token: '' };
const post = (url: string, body: object): Promise<Response> =>
  fetch(`${url}/webhook/pixie`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${sender.token}` },
    body: JSON.stringify(body),
  });
const whispers = async (pod: string): Promise<readonly KernelWhisper[]> => {
  const list = JSON.parse(await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE, '-o', 'json'])) as {
    readonly items: readonly KernelWhisper[];
  };
  return list.items.filter(({ spec }) => spec.pod_name === pod);
};
/** The whisper about a pod once its status speaks of its spec as it is, and what is asked of it holds. */
const assessed = (
  pod: string,
  holds: (whisper: KernelWhisper) => boolean = () => true,
): Promise<KernelWhisper> =>
  until(`the whisper about ${pod}`, { timeoutMs: 60_000, everyMs: 200 }, async () => {
    const [whisper] = await whispers(pod);
    const isAssessed = whisper?.status?.observed_generation === whisper?.metadata.generation;
    return whisper !== undefined && isAssessed && holds(whisper) ? whisper : undefined;
  });
const leaderOf = async (): Promise<string> =>
  succeed(kubectl, [
    ...['get', 'lease', 'kernel-gossip-operator', '-n', OPERATOR_NAMESPACE],
    ...['-o', 'jsonpath={.spec.holderIdentity}'],
  ]);

describe('the operator on a real cluster, with its own service account', () => {
  const state: {
    account?: ServiceAccountConfig;
    operator?: Operator;
    removeNamespace?: () => Promise<void>;
  } = {};
  const account = (): ServiceAccountConfig => {
    if (state.account === undefined) throw new Error('there is no account yet');
    return state.account;
  };
  const operator = (): Operator => {
    if (state.operator === undefined) throw new Error('there is no operator yet');
    return state.operator;
  };
  /** Another replica, for one test. */
  const another = async (): Promise<Operator> => {
    const replica = await startOperator(account());
    onTestFinished(async () => {
      await replica.stop('SIGKILL');
    });
    return replica;
  };

  beforeAll(async () => {
    await install(kubectl);
    state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
    state.account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
    sender.token = await senderToken(kubectl);
    state.operator = await startOperator(state.account, ['--flush', '1']);
    await until('the operator to be ready', { timeoutMs: 60_000 }, async () =>
      (await isReady(operator().url)) ? true : undefined,
    );
  });
  afterAll(async () => {
    await state.operator?.stop();
    state.account?.remove();
    await state.removeNamespace?.();
  });

  it('has a whisper in the API when it answers 202, and its status soon after', async () => {
    const response = await post(operator().url, throttle());
    expect(response.status).toBe(202);
    expect(await whispers('web-1')).toMatchObject([
      { spec: { severity: 'critical', throttled_percent: 85.5 } },
    ]);
    expect((await assessed('web-1')).status).toMatchObject({
      phase: 'Open',
      insight: 'Pod experiencing high CPU throttling at 85.5%',
      kernel_evidence: 'Kernel shows 85.5% throttled time',
      recommendation: 'Consider increase CPU limits by 50%',
    });
    await post(operator().url, throttle());
    await assessed('web-1', ({ status }) => status?.observations === 2);
  });

  it('resolves it when it is over', async () => {
    await post(operator().url, throttle({ pod_name: 'web-over' }));
    await post(operator().url, throttle({ pod_name: 'web-over', throttle_percentage: 0 }));
    const over = await assessed('web-over', ({ status }) => status?.phase === 'Resolved');
    expect(over.spec).toMatchObject({ ended_percent: 0, throttled_percent: 85.5 });
  });

  it('gives a whisper applied by hand its status', async () => {
    const spec = {
      pod_name: 'by-hand',
      namespace: NAMESPACE,
      severity: 'critical',
      detected_at: '2024-03-15T10:30:00Z',
    };
    await succeed(
      kubectl,
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'kernel.gossip.io/v1alpha1',
        kind: 'KernelWhisper',
        metadata: { name: 'by-hand', namespace: NAMESPACE },
        spec: { ...spec, throttled_percent: 85.5 },
      }),
    );
    expect((await assessed('by-hand')).status?.kernel_evidence).toBe('Kernel shows 85.5% throttled time');
  });

  it('files a birth certificate, and says what was slowest and what was not measured', async () => {
    const sent = {
      type: 'pod_creation',
      pod_name: 'newborn',
      namespace: NAMESPACE,
      syscalls: ['clone', 'execve', 'mount', 'open'],
      total_syscalls: 847,
      duration_ms: 2500,
      timestamp: new Date().toISOString(),
      timeline: [{ timestamp_ms: 100, actor: 'runtime', action: 'image pull', duration_ms: 2000 }],
    };
    expect((await post(operator().url, sent)).status).toBe(202);
    const certificate = await until('the verdict', { timeoutMs: 30_000 }, async () => {
      const text = await succeed(kubectl, ['get', 'pbc', '-n', NAMESPACE, '-o', 'json']);
      const [first] = (JSON.parse(text) as PodBirthCertificateList).items;
      return first?.status?.verdict == null ? undefined : first;
    });
    expect(certificate.spec.kernel_stats).toMatchObject({ total_syscalls: 847, cgroup_writes: null });
    expect(certificate.status).toMatchObject({
      verdict: 'Born in 2.5 s with 847 system calls; slowest: image pull by runtime, 2 s (80%)',
      conditions: [{ type: 'Complete', status: 'False' }],
    });
  });

  it('says of a remediation policy that it is in force', async () => {
    const policy = {
      apiVersion: 'kernel.gossip.io/v1alpha1',
      kind: 'RemediationPolicy',
      spec: { mode: 'Auto' },
    };
    const metadata = { name: 'eager', namespace: NAMESPACE };
    await succeed(kubectl, ['apply', '-f', '-'], JSON.stringify({ ...policy, metadata }));
    const told = await succeed(kubectl, [
      ...['wait', '--for=condition=InForce=True', 'rp/eager', '-n', NAMESPACE, '--timeout=30s'],
    ]);
    expect(told).toMatch(/condition met/);
  });

  it('refuses what is about a namespace that is not there, and keeps the rest', async () => {
    const response = await post(operator().url, [throttle(), throttle({ namespace: 'nowhere' })]);
    expect(response.status).toBe(202);
    expect((await response.json()) as WebhookAnswer).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, path: 'namespace' }],
    });
  });

  it('may do what it needs and no more', async () => {
    const can = async (...words: readonly string[]) =>
      (await account().kubectl(['auth', 'can-i', ...words, '-A'])).stdout.trim();
    const refused = [
      ['get', 'secrets'],
      ['list', 'secrets'],
      ['delete', 'pods'],
      ['patch', 'pods'],
      ['create', 'pods'],
      ['update', 'pods', '--subresource=resize'],
      ['patch', 'pods', '--subresource=resize'],
      ['create', 'pods', '--subresource=exec'],
      ['create', 'serviceaccounts', '--subresource=token'],
      ['patch', 'deployments.apps'],
      ['list', 'nodes'],
      ['get', 'nodes', '--subresource=proxy'],
      ['update', 'kernelwhispers.kernel.gossip.io'],
      ['patch', 'remediationpolicies.kernel.gossip.io'],
      ['delete', 'remediationpolicies.kernel.gossip.io'],
      ['delete', 'leases.coordination.k8s.io'],
      ['create', 'clusterrolebindings.rbac.authorization.k8s.io'],
      ['*', '*'],
    ];
    const allowed = [
      ['get', 'pods'],
      ['list', 'pods'],
      ['watch', 'pods'],
      ['get', 'nodes'],
      ['list', 'limitranges'],
      ['list', 'resourcequotas'],
      ['list', 'horizontalpodautoscalers.autoscaling'],
      ['get', 'deployments.apps'],
      ['create', 'events.events.k8s.io'],
      ['patch', 'kernelwhispers.kernel.gossip.io'],
      ['patch', 'kernelwhispers.kernel.gossip.io', '--subresource=status'],
      ['create', 'tokenreviews.authentication.k8s.io'],
      ['create', 'subjectaccessreviews.authorization.k8s.io'],
    ];
    const answers = await Promise.all([...refused, ...allowed].map((words) => can(...words)));
    expect(answers).toEqual([...refused.map(() => 'no'), ...allowed.map(() => 'yes')]);
  });

  it('is never refused a right it asks for', () => {
    expect(operator().log.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });

  it('hands the controllers to another replica when the leader is killed, and both take webhooks', async () => {
    const second = await another();
    await until('the second replica', { timeoutMs: 30_000 }, async () =>
      (await isReady(second.url)) ? true : undefined,
    );
    expect((await post(second.url, throttle({ pod_name: 'via-second' }))).status).toBe(202);
    await assessed('via-second');
    const before = await leaderOf();
    await operator().stop('SIGKILL');
    const killedAt = performance.now();
    expect((await post(second.url, throttle({ pod_name: 'orphan' }))).status).toBe(202);
    await assessed('orphan');
    expect(await leaderOf()).not.toBe(before);
    // The lease of a killed leader must run out first, and must then be taken at once.
    expect(performance.now() - killedAt).toBeLessThan(40_000);
    // From here on the first one is a fresh process again; it waits for the lease that `second` gives back.
    state.operator = await startOperator(account(), ['--flush', '1']);
    await second.stop('SIGTERM');
    await until('the lease to be handed over', { timeoutMs: 30_000 }, () =>
      operator().log.some((line) => line.includes('this replica runs the controllers')) ? true : undefined,
    );
  });

  it.runIf(cluster.controlSocket !== null)(
    'loses nothing it acknowledged while the API server is away, and goes on when it is back',
    { timeout: 180_000 },
    async () => {
      await cluster.stopApiServer();
      const away = performance.now();
      const statuses: number[] = [];
      const acknowledged: string[] = [];
      for (let at = 0; performance.now() - away < 30_000; at += 1) {
        const pod = `away-${at}`;
        const { status } = await post(operator().url, throttle({ pod_name: pod }));
        statuses.push(status);
        if (status === 202) acknowledged.push(pod);
        await sleep(500);
      }
      expect(new Set(statuses)).toEqual(new Set([503]));
      expect(await isReady(operator().url)).toBe(false);
      await cluster.startApiServer();
      expect((await post(operator().url, throttle({ pod_name: 'back' }))).status).toBe(202);
      for (const pod of [...acknowledged, 'back']) expect((await assessed(pod)).spec.pod_name).toBe(pod);
    },
  );

  it.runIf(cluster.provider === 'built')(
    'lists again when the API server has forgotten where its watch stood (410 Gone)',
    { timeout: 180_000 },
    async () => {
      await post(operator().url, throttle({ pod_name: 'before-gap' }));
      await assessed('before-gap');
      operator().signal('SIGSTOP');
      try {
        const [whisper] = await whispers('before-gap');
        await succeed(kubectl, ['delete', 'kw', '-n', NAMESPACE, whisper?.metadata.name ?? '']);
        for (let at = 0; at < 5; at += 1) {
          await succeed(kubectl, ['annotate', 'namespace', NAMESPACE, `gap=${at}`, '--overwrite']);
        }
        await cluster.stopApiServer();
        await cluster.forgetHistory();
        await cluster.startApiServer();
      } finally {
        operator().signal('SIGCONT');
      }
      const listed = async (): Promise<readonly KernelWhisper[]> => {
        const response = await fetch(`${operator().url}/api/v1alpha1/namespaces/${NAMESPACE}/kernelwhispers`);
        return ((await response.json()) as { readonly items: readonly KernelWhisper[] }).items;
      };
      await until('the operator to see what it missed', { timeoutMs: 90_000, everyMs: 250 }, async () =>
        (await listed()).some(({ spec }) => spec.pod_name === 'before-gap') ? undefined : true,
      );
      expect(operator().log.some((line) => line.includes('forgot where the watch stood'))).toBe(true);
      expect((await post(operator().url, throttle({ pod_name: 'after-gap' }))).status).toBe(202);
      expect((await assessed('after-gap')).status?.phase).toBe('Open');
    },
  );

  it('stops in order when told to, and writes what was only counted', async () => {
    const replica = await another();
    await until('the replica', { timeoutMs: 30_000 }, async () =>
      (await isReady(replica.url)) ? true : undefined,
    );
    await post(replica.url, throttle({ pod_name: 'counted' }));
    await assessed('counted', ({ status }) => status?.observations === 1);
    for (let at = 0; at < 9; at += 1) await post(replica.url, throttle({ pod_name: 'counted' }));
    expect(await replica.stop('SIGTERM')).toBe(0);
    expect((await whispers('counted'))[0]?.status?.observations).toBe(10);
  });
});
