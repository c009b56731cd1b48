/**
 * How long it takes from the first period in which a real container of a real pod is throttled, as the kernel counts
 * it, to the observer's evidence at the operator, and to the whisper at a client of the Kubernetes API.
 *
 * Each onset is a pod of its own, because what comes again must last longer to be told (docs/detector.md). It is calm for a
 * while and then wants more than its limit. Several pods run at a time, one begun after the other. The onset is read
 * here, from cpu.stat, every few milliseconds, independently of the observer.
 *
 * `--onsets 12` makes another number of pods than 60. `--held 0s` is passed on to the observer: what is told at once need not last.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { loadKubeConfig, openKubeApi } from 'kernel-gossip-operator/kubernetes';
import type { KernelWhisper } from 'kernel-gossip-types';
import { cgroupDirectory } from '../src/cluster/cgroup-directory.ts';
import type { Cluster } from '../src/cluster/cluster.ts';
import { startCluster } from '../src/cluster/provider.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, succeed } from '../src/install.ts';
import { apply, kubectlFor, type Kubectl } from '../src/kubectl.ts';
import { startObserver } from '../src/observer.ts';
import { serviceAccountConfig, startOperator } from '../src/operator.ts';
import { containerId, podGroup, whenRunning } from '../src/running-pod.ts';

const AT_A_TIME = 6;
const APART_MS = 2500;
/** The observer has long found the container by then. */
const CALM_SECONDS = 8;
const LOAD_SECONDS = 20;
/** After the container runs: the calm, the load, and some time to be told of it. */
const GIVEN_UP_AFTER_MS = (CALM_SECONDS + LOAD_SECONDS + 5) * 1000;
const LOOK_EVERY_MS = 5;
const WATCH_IDLE_MS = 30 * 60_000;
const NAMESPACE = 'kg-latency';
const CONTAINER = 'late';
/** Enough that a container is hardly ever throttled by its own start, which would be another onset. */
const LIMIT = '200m';
/** So that it gets its limit, whatever else the machine does. */
const REQUEST = '150m';
const WITHIN_MS = 5000;

const { values } = parseArgs({
  options: { onsets: { type: 'string', default: '60' }, held: { type: 'string' } },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** One container, and when it was first throttled and told of, by the monotonic clock. */
interface Watched {
  readonly statPath: string;
  onsetMs: number | null;
  evidenceMs: number | null;
  whisperMs: number | null;
}

/** Those that are watched now, by the UIDs of their pods. */
type Pods = Map<string, Watched>;

interface Bench {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly pods: Pods;
}

const nrThrottled = (path: string): number =>
  Number(/^nr_throttled (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? Number.NaN);

const pod = (cluster: Cluster, name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      {
        name: CONTAINER,
        image: cluster.workloadImage,
        imagePullPolicy: cluster.imagePullPolicy,
        command: [
          ...['sh', '-c'],
          `sleep ${CALM_SECONDS}; timeout ${LOAD_SECONDS} sh -c 'while :; do :; done'; sleep 10000`,
        ],
        resources: { requests: { cpu: REQUEST }, limits: { cpu: LIMIT, memory: '64Mi' } },
      },
    ],
  },
});

/** One pod from its start until it was told of; null where it was throttled before it was watched. */
async function oneOnset({ cluster, kubectl, pods }: Bench, name: string): Promise<Watched | null> {
  await apply(kubectl, [pod(cluster, name)]);
  const running = await whenRunning(kubectl, NAMESPACE, name);
  const { uid } = running.metadata;
  const group = join(podGroup(cluster, running), containerId(running, CONTAINER));
  const statPath = join(cgroupDirectory('cpu', group), 'cpu.stat');
  const isFresh = nrThrottled(statPath) === 0;
  const watched: Watched = { statPath, onsetMs: null, evidenceMs: null, whisperMs: null };
  if (isFresh) {
    pods.set(uid, watched);
    const deadline = performance.now() + GIVEN_UP_AFTER_MS;
    while (watched.whisperMs === null && performance.now() < deadline) await sleep(100);
    pods.delete(uid);
  }
  await succeed(kubectl, ['delete', 'pod', name, '-n', NAMESPACE, '--now']);
  return isFresh ? watched : null;
}

async function allOnsets(bench: Bench, count: number): Promise<readonly (Watched | null)[]> {
  const names = Array.from({ length: count }, (_, index) => `onset-${index}`);
  const oneAfterTheOther = async (first: number): Promise<readonly (Watched | null)[]> => {
    await sleep(first * APART_MS);
    const seen: (Watched | null)[] = [];
    for (const name of names.filter((_, index) => index % AT_A_TIME === first))
      seen.push(await oneOnset(bench, name));
    return seen;
  };
  return (await Promise.all(Array.from({ length: AT_A_TIME }, (_, at) => oneAfterTheOther(at)))).flat();
}

/** Looks for onsets every few milliseconds. */
function watchKernel(pods: Pods): () => void {
  const timer = setInterval(() => {
    for (const one of pods.values())
      if (one.onsetMs === null && nrThrottled(one.statPath) > 0) one.onsetMs = performance.now();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Stands between observer and operator, notes when evidence comes by and passes everything on as it is. */
async function startRelay(operatorUrl: string, pods: Pods) {
  const note = (
    observations: readonly { readonly type: string; readonly pod_uid?: string; readonly ended?: boolean }[],
  ) => {
    const now = performance.now();
    for (const { type, pod_uid, ended } of observations) {
      const one = pods.get(pod_uid ?? '');
      if (type === 'cpu_throttle' && ended !== true && one !== undefined) one.evidenceMs ??= now;
    }
  };
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const { method = 'GET' } = request;
    if (method === 'POST') {
      const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      note(JSON.parse(plain.toString('utf8')) as Parameters<typeof note>[0]);
    }
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
        ? [[name, value] as const]
        : [],
    );
    const answer = await fetch(`${operatorUrl}${request.url ?? ''}`, {
      method,
      headers: Object.fromEntries(headers),
      body: method === 'POST' ? new Uint8Array(body) : null,
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(await answer.text());
  };
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}

/** Follows the whispers as any client of the API would, until the signal aborts. */
async function watchWhispers(cluster: Cluster, pods: Pods, signal: AbortSignal): Promise<void> {
  const api = openKubeApi(loadKubeConfig({ kubeconfig: cluster.kubeconfigPath }));
  const path = `/apis/kernel.gossip.io/v1alpha1/namespaces/${NAMESPACE}/kernelwhispers`;
  const { metadata } = (await api.request({ method: 'GET', path })) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  const query = { resourceVersion: metadata.resourceVersion };
  try {
    for await (const event of await api.watch({ path, query, signal, idleMs: WATCH_IDLE_MS })) {
      const now = performance.now();
      const { type, object } = event as { readonly type: string; readonly object: KernelWhisper };
      if (type === 'ERROR') throw new Error(`the watch ended: ${JSON.stringify(object)}`);
      const one = pods.get(object.spec.pod_uid ?? '');
      if (object.spec.kind === 'cpu_throttle' && one !== undefined) one.whisperMs ??= now;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await api.close();
  }
}

const quantile = (all: readonly number[], share: number): number =>
  all.toSorted((a, b) => a - b)[Math.ceil(all.length * share) - 1] ?? Number.NaN;

/** What was never told took for ever. */
function report(what: string, onsets: readonly Watched[], toldMs: (one: Watched) => number | null): void {
  const delays = onsets.map((one) => (toldMs(one) ?? Infinity) - (one.onsetMs ?? NaN));
  const [p50, p90, p99, worst] = [0.5, 0.9, 0.99, 1].map((share) => Math.round(quantile(delays, share)));
  say(
    `${what}: ${delays.length} onsets, p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, longest ${worst} ms: ${(p99 ?? Infinity) <= WITHIN_MS ? 'met' : 'NOT met'} (p99 at most ${WITHIN_MS} ms)`,
  );
}

function reportAll(all: readonly (Watched | null)[]): void {
  const onsets = all.filter((one) => one !== null && one.onsetMs !== null) as readonly Watched[];
  say(
    `${all.length} real pods, busy under a CPU limit of ${LIMIT}, sampled once a second${values.held === undefined ? '' : `, --held ${values.held}`}; ${all.length - onsets.length} not counted: throttled by their start, or never`,
  );
  report('first throttled period to evidence at the operator', onsets, ({ evidenceMs }) => evidenceMs);
  report('first throttled period to whisper by the Kubernetes API', onsets, ({ whisperMs }) => whisperMs);
}

async function measure(cluster: Cluster): Promise<void> {
  const kubectl = kubectlFor(cluster);
  const pods: Pods = new Map();
  const stopping = new AbortController();
  await install(kubectl);
  await makeNamespace(kubectl, NAMESPACE);
  const account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
  const operator = await startOperator(account);
  const relay = await startRelay(operator.url, pods);
  const held = values.held === undefined ? [] : ['--held', values.held];
  const observer = await startObserver(cluster, relay.url, held);
  const stopWatching = watchKernel(pods);
  const watching = watchWhispers(cluster, pods, stopping.signal);
  const onsets = allOnsets({ cluster, kubectl, pods }, Number(values.onsets));
  try {
    await Promise.race([onsets, watching]);
    reportAll(await onsets);
  } finally {
    stopWatching();
    stopping.abort();
    await watching;
    await observer.stop();
    await operator.stop();
    relay.close();
    account.remove();
  }
}

const cluster = await startCluster();
try {
  if (cluster.cgroupRoot === null) say("not measured: the node's kernel is not this machine's");
  else await measure(cluster);
} finally {
  await cluster.down();
}
