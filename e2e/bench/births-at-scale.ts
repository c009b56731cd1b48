/**
 * What the birth certificates are worth when a real node starts pods as fast as it can: whether every pod has one,
 * whether it is complete, and whether it is of this pod alone.
 *
 * As many pods as the node takes are created at once, and the next of them when those are gone. Which containers are a
 * pod's own is read here, from its cgroup in the kernel, independently of the observer.
 *
 * The number of pods can be given; it is 200 otherwise. Ends with code 1 when something that was wanted does not hold.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadKubeConfig, openKubeApi, type KubeApi } from 'kernel-gossip-operator/kubernetes';
import type { ContainerBirth, PodBirthCertificate, PodBirthCertificateList } from 'kernel-gossip-types';
import { cgroupDirectory } from '../src/cluster/cgroup-directory.ts';
import type { Cluster } from '../src/cluster/cluster.ts';
import { startCluster } from '../src/cluster/provider.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';
import { startObserver } from '../src/observer.ts';
import { serviceAccountConfig, startOperator } from '../src/operator.ts';
import { until } from '../src/poll.ts';
import type { Program } from '../src/program.ts';

const DEFAULT_PODS = 200;
const NAMESPACE = 'kg-scale';
const PODS_PATH = `/api/v1/namespaces/${NAMESPACE}/pods`;
const CERTIFICATES_PATH = `/apis/kernel.gossip.io/v1alpha1/namespaces/${NAMESPACE}/podbirthcertificates`;
const MOST_NAMES = 10;
const LOOK_EVERY_MS = 1000;
const READY_WITHIN_MS = 15 * 60_000;
const GONE_WITHIN_MS = 10 * 60_000;
/** After the last pod is ready. What has not come by then does not come: the observer gives a birth up after 60 s. */
const CERTIFIED_WITHIN_MS = 90_000;

/** What the kernel counts for a birth as a whole. */
const FIGURES = [
  'total_syscalls',
  'namespaces_created',
  'cgroup_writes',
  'cgroups_created',
  'mounts',
  'network_links',
  'network_routes',
  'iptables_rules',
] as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A pod with the ids of its containers and its sandbox, and what was certified of it. */
interface Born {
  readonly name: string;
  readonly ids: readonly string[];
  readonly certificate: PodBirthCertificate | null;
}

interface Bench {
  readonly cluster: Cluster;
  readonly api: KubeApi;
}

const manifest = ({ workloadImage, imagePullPolicy }: Cluster, name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [{ name: 'app', image: workloadImage, imagePullPolicy, command: ['sleep', '86400'] }],
  },
});

const list = async (api: KubeApi, path: string): Promise<readonly Pod[]> =>
  ((await api.request({ method: 'GET', path })) as { readonly items: readonly Pod[] }).items;

/** How many pods the kubelet takes beside those that it has. */
async function roomOnNode({ cluster, api }: Bench): Promise<number> {
  const path = `/api/v1/nodes/${cluster.nodeName}`;
  const node = (await api.request({ method: 'GET', path })) as {
    readonly status: { readonly allocatable: { readonly pods: string } };
  };
  const others = (await list(api, '/api/v1/pods')).filter(
    ({ spec, status }) =>
      spec.nodeName === cluster.nodeName && !['Succeeded', 'Failed'].includes(status.phase ?? ''),
  );
  return Number(node.status.allocatable.pods) - others.length;
}

/** The pods ask for nothing, so they are of the class BestEffort. */
const groupOf = ({ cgroupRoot }: Cluster, { metadata }: Pod): string =>
  cgroupDirectory('cpu', join(cgroupRoot ?? '', 'besteffort', `pod${metadata.uid}`));

const idsIn = (group: string): readonly string[] =>
  readdirSync(group, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;

async function startAll({ cluster, api }: Bench, names: readonly string[]): Promise<readonly Pod[]> {
  const begun = performance.now();
  await Promise.all(
    names.map((name) =>
      api.request({ method: 'POST', path: PODS_PATH, body: manifest(cluster, name), timeoutMs: 120_000 }),
    ),
  );
  const pods = await until(
    'every pod to be ready',
    { timeoutMs: READY_WITHIN_MS, everyMs: LOOK_EVERY_MS },
    async () => {
      const all = await list(api, PODS_PATH);
      const ready = all.filter(isReady).length;
      if (ready === names.length) return all;
      throw new Error(`${ready} of ${names.length} are`);
    },
  );
  const seconds = (performance.now() - begun) / 1000;
  say(
    `  ${names.length} pods created at once, all ready after ${seconds.toFixed(0)} s: ${(names.length / seconds).toFixed(1)} a second`,
  );
  return pods;
}

/** Whether Kubernetes' and the kernel's parts of it are there, as far as these can be told to be all. */
const isSettled = ({ spec, status, metadata }: PodBirthCertificate, containers: number): boolean =>
  (spec.containers?.length ?? 0) >= containers &&
  (spec.timeline?.some(({ action }) => action === 'report the pod ready') ?? false) &&
  status?.observed_generation === metadata.generation;

/** The certificates as they are when all are settled, or when time is up. */
async function certificatesOf(
  api: KubeApi,
  pods: readonly Omit<Born, 'certificate'>[],
): Promise<readonly Born[]> {
  const deadline = performance.now() + CERTIFIED_WITHIN_MS;
  for (;;) {
    const answer = await api.request({ method: 'GET', path: CERTIFICATES_PATH });
    const found = new Map(
      (answer as PodBirthCertificateList).items.map((certificate) => [
        certificate.spec.pod_name,
        certificate,
      ]),
    );
    const born = pods.map((pod) => ({ ...pod, certificate: found.get(pod.name) ?? null }));
    const isOver = born.every(
      ({ certificate, ids }) => certificate !== null && isSettled(certificate, ids.length),
    );
    if (isOver || performance.now() > deadline) return born;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Their cgroups go after they do, and the kubelet counts a pod until then. */
async function removeAll({ cluster, api }: Bench, pods: readonly Pod[]): Promise<void> {
  await api.request({ method: 'DELETE', path: PODS_PATH, timeoutMs: 120_000 });
  await until('every pod to be gone', { timeoutMs: GONE_WITHIN_MS, everyMs: LOOK_EVERY_MS }, async () => {
    const left = await list(api, PODS_PATH);
    return left.length > 0 || pods.some((pod) => existsSync(groupOf(cluster, pod))) ? undefined : true;
  });
}

async function bear(bench: Bench, count: number): Promise<readonly Born[]> {
  const room = await roomOnNode(bench);
  if (room < 1) throw new Error(`${bench.cluster.nodeName} takes no further pod`);
  const names = Array.from({ length: count }, (_, index) => `born-${index}`);
  const all: Born[] = [];
  for (let from = 0; from < count; from += room) {
    const pods = await startAll(bench, names.slice(from, from + room));
    const known = pods.map((pod) => ({ name: pod.metadata.name, ids: idsIn(groupOf(bench.cluster, pod)) }));
    all.push(...(await certificatesOf(bench.api, known)));
    await removeAll(bench, pods);
  }
  return all;
}

/** The counters of the observer's own metrics that tell whether it saw everything, by their names' last words. */
async function tracerCounters(observer: Program): Promise<(name: string) => number> {
  const { port } = JSON.parse(await observer.line(/"msg":"metrics can be read"/)) as {
    readonly port: number;
  };
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return (name) =>
    Number(new RegExp(`^kernel_gossip_observer_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

const birthsOf = ({ certificate }: Born): readonly ContainerBirth[] => certificate?.spec.containers ?? [];

const idsOf = (born: Born): readonly string[] =>
  birthsOf(born).map(({ container_id: id }) => id ?? 'a container without an id');

/** Its containers are those that its cgroup has, and one of them, the sandbox, is no container of the pod's spec. */
const isOfItsPod = (born: Born): boolean =>
  JSON.stringify(idsOf(born).toSorted()) === JSON.stringify(born.ids.toSorted()) &&
  birthsOf(born).filter(({ role }) => role === 'sandbox').length === 1;

const missingIn = ({ spec }: PodBirthCertificate): readonly string[] =>
  FIGURES.filter((figure) => (spec.kernel_stats[figure] ?? null) === null);

function reasonsOf(certificate: PodBirthCertificate): readonly string[] {
  const { incomplete, containers } = certificate.spec;
  const told = [incomplete, ...(containers ?? []).map((birth) => birth.incomplete)].filter(
    (reason) => typeof reason === 'string',
  );
  return told.length > 0
    ? [...new Set(told)]
    : [`no reason told; not measured: ${missingIn(certificate).join(', ')}`];
}

const countBy = (values: readonly string[]): ReadonlyMap<string, number> =>
  new Map([...Map.groupBy(values, (value) => value)].map(([value, all]) => [value, all.length]));

function verdict(what: string, measured: string, wanted: string, holds: boolean): void {
  say(`${holds ? 'holds ' : 'FAILS '} ${what}: ${measured}; wanted ${wanted}`);
  if (!holds) process.exitCode = 1;
}

/** Of pods that are alike. What one had borrowed of another would show as a width. */
function band(what: string, totals: readonly (number | null | undefined)[]): void {
  const sorted = totals.filter((total) => typeof total === 'number').toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[Math.ceil(sorted.length / 2) - 1], sorted.at(-1)];
  say(
    median === undefined
      ? `       system calls of ${what}: not measured`
      : `       system calls of ${what}: ${least} .. ${median} .. ${most} (least, median, most of ${sorted.length})`,
  );
}

/** A few names, for whoever wants to look closer. */
const naming = (names: readonly string[]): string =>
  names.length > MOST_NAMES ? `${names.slice(0, MOST_NAMES).join(' ')} …` : names.join(' ');

function reportCompleteness(certificates: readonly PodBirthCertificate[]): void {
  const incomplete = certificates.filter((certificate) => missingIn(certificate).length > 0);
  const whole = certificates.length - incomplete.length;
  say(`       with every kernel figure measured: ${whole} of ${certificates.length}`);
  const told = incomplete.flatMap((certificate) =>
    reasonsOf(certificate).map((reason) => ({ reason, name: certificate.spec.pod_name })),
  );
  for (const [reason, all] of Map.groupBy(told, ({ reason }) => reason))
    say(`         ${all.length} incomplete: ${reason} (${naming(all.map(({ name }) => name))})`);
}

/** Which programs ran for a birth, and how often: the same for all that are alike, however busy the node was. */
function reportPrograms(what: string, births: readonly ContainerBirth[]): void {
  const shapes = births.map(({ programs }) =>
    (programs ?? [])
      .map(({ role, name, runs }) => `${runs} ${name} (${role})`)
      .toSorted()
      .join(', '),
  );
  const byFrequency = [...countBy(shapes)].toSorted(([, a], [, b]) => b - a);
  for (const [shape, count] of byFrequency)
    say(`       programs of ${count} of ${births.length} ${what}: ${shape}`);
}

function report(all: readonly Born[], tracer: (name: string) => number): void {
  const certificates = all.flatMap(({ certificate }) => (certificate === null ? [] : [certificate]));
  const births = all.flatMap(birthsOf);
  const lostOf = certificates.map(({ spec }) => spec.kernel_stats.lost_events ?? Number.NaN);
  const lost = Math.max(tracer('lost_events_total'), ...lostOf);
  const twice = [...countBy(all.flatMap(idsOf))].filter(([, count]) => count > 1);
  const foreign = all.filter((born) => born.certificate !== null && !isOfItsPod(born));

  verdict(
    'certificates',
    `${certificates.length} of ${all.length} pods`,
    'all',
    certificates.length === all.length,
  );
  reportCompleteness(certificates);
  verdict('events lost', Number.isNaN(lost) ? 'not measured' : String(lost), '0', lost === 0);
  verdict('container ids on more than one certificate', String(twice.length), '0', twice.length === 0);
  verdict(
    "certificates with other containers than those in their pod's cgroup",
    `${foreign.length} ${naming(foreign.map(({ name }) => name))}`.trim(),
    '0',
    foreign.length === 0,
  );
  band(
    'a pod',
    certificates.map(({ spec }) => spec.kernel_stats.total_syscalls),
  );
  for (const role of ['sandbox', 'container'] as const) {
    const alike = births.filter((birth) => birth.role === role);
    band(
      `a ${role}`,
      alike.map((birth) => birth.total_syscalls),
    );
    reportPrograms(role === 'sandbox' ? 'sandboxes' : 'containers', alike);
  }
  say(`       the tracer was started again ${tracer('tracer_restarts_total')} times`);
}

async function measure(cluster: Cluster, count: number): Promise<void> {
  const kubectl = kubectlFor(cluster);
  await install(kubectl);
  await makeNamespace(kubectl, NAMESPACE);
  const account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
  const operator = await startOperator(account);
  // However busy the machine is: what is over its budget stops tracing.
  const settings = ['--cpu-budget', '100', '--metrics-port', '0'];
  const observer = await startObserver(cluster, operator.url, settings);
  const api = openKubeApi(loadKubeConfig({ kubeconfig: cluster.kubeconfigPath }));
  try {
    await observer.line(/births: measured/);
    say(`${count} pods of one container, on one node`);
    report(await bear({ cluster, api }, count), await tracerCounters(observer));
  } finally {
    await api.close();
    await observer.stop();
    await operator.stop();
    account.remove();
  }
}

const count = Number(process.argv[2] ?? DEFAULT_PODS);
if (!Number.isInteger(count) || count < 1) throw new Error('usage: births-at-scale.ts [number of pods]');
const cluster = await startCluster();
try {
  if (cluster.cgroupRoot === null) say("not measured: the node's kernel is not this machine's");
  else await measure(cluster, count);
} finally {
  await cluster.down();
}
