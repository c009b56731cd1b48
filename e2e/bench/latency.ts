/**
 * How long it takes from the first period in which a real container of a real pod is throttled, as the kernel counts
 * it, to the observer's evidence at the operator, and to the whisper at a client of the Kubernetes API.
 *
 * The pods are calm for a while and then want more than their limit, each at its own time. The onset is read here, from
 * cpu.stat, every few milliseconds, independently of the observer.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { loadKubeConfig, openKubeApi } from 'kernel-gossip-operator/kubernetes';
import type { KernelWhisper } from 'kernel-gossip-types';
import { cgroupDirectory } from '../src/cluster/cgroup-directory.ts';
import type { Cluster } from '../src/cluster/cluster.ts';
import { startCluster } from '../src/cluster/provider.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, succeed } from '../src/install.ts';
import { apply, kubectlFor, type Kubectl } from '../src/kubectl.ts';
import { observerToken, serviceAccountConfig, startOperator } from '../src/operator.ts';
import { startProgram } from '../src/program.ts';

const PODS = 10;
const ONSETS = 150;
const LONGEST_MINUTES = 8;
const LOOK_EVERY_MS = 5;
/** A burst counts as an onset after so much quiet: longer than the observer waits before it calls an episode over. */
const QUIET_MS = 7500;
const NAMESPACE = 'kg-latency';
const EVIDENCE_P99_MS = 1500;
const WHISPER_P99_MS = 2000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** One container and the onset that waits for its evidence and its whisper. */
interface Watched {
  readonly pod: string;
  readonly uid: string;
  readonly statPath: string;
  throttled: number;
  changedMs: number;
  onsetMs: number | null;
  evidenceMs: number | null;
}

interface Delays {
  readonly evidence: number[];
  readonly whisper: number[];
}

const nrThrottled = (path: string): number =>
  Number(/^nr_throttled (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? Number.NaN);

const pod = (cluster: Cluster, index: number): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `bursts-${index}`, namespace: NAMESPACE },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'bursts',
        image: cluster.workloadImage,
        imagePullPolicy: cluster.imagePullPolicy,
        // Lengths that share no divisor with the observer's interval, and differ from pod to pod.
        command: [
          'sh',
          '-c',
          `sleep ${index}.${index}; while :; do sleep ${9 + index * 0.37}; timeout 3 sh -c 'while :; do :; done'; done`,
        ],
        resources: { requests: { cpu: '10m' }, limits: { cpu: '50m', memory: '64Mi' } },
      },
    ],
  },
});

async function runningPods(cluster: Cluster, kubectl: Kubectl): Promise<readonly Watched[]> {
  await apply(
    kubectl,
    Array.from({ length: PODS }, (_, index) => pod(cluster, index)),
  );
  await succeed(kubectl, [
    'wait',
    '--for=condition=Ready',
    'pod',
    '--all',
    '-n',
    NAMESPACE,
    '--timeout=120s',
  ]);
  const list = JSON.parse(await succeed(kubectl, ['get', 'pods', '-n', NAMESPACE, '-o', 'json'])) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string; readonly uid: string };
      readonly status: { readonly containerStatuses: readonly { readonly containerID: string }[] };
    }[];
  };
  return list.items.map(({ metadata, status }) => {
    const id = status.containerStatuses[0]?.containerID.replace(/^.*:\/\//, '') ?? '';
    const group = join(cluster.cgroupRoot ?? '', 'burstable', `pod${metadata.uid}`, id);
    const statPath = join(cgroupDirectory('cpu', group), 'cpu.stat');
    return {
      pod: metadata.name,
      uid: metadata.uid,
      statPath,
      throttled: nrThrottled(statPath),
      changedMs: performance.now(),
      onsetMs: null,
      evidenceMs: null,
    };
  });
}

/** Looks for onsets every few milliseconds. */
function watchKernel(pods: readonly Watched[]): () => void {
  const timer = setInterval(() => {
    for (const one of pods) {
      const now = performance.now();
      const throttled = nrThrottled(one.statPath);
      if (throttled === one.throttled) continue;
      if (now - one.changedMs >= QUIET_MS) {
        one.onsetMs = now;
        one.evidenceMs = null;
      }
      one.throttled = throttled;
      one.changedMs = now;
    }
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Stands between observer and operator, notes when evidence comes by and passes everything on as it is. */
async function startRelay(operatorUrl: string, pods: readonly Watched[], delays: Delays) {
  const note = (
    observations: readonly { readonly type: string; readonly pod_uid?: string; readonly ended?: boolean }[],
  ) => {
    const now = performance.now();
    for (const { type, pod_uid, ended } of observations) {
      const one = pods.find(({ uid }) => uid === pod_uid);
      if (type !== 'cpu_throttle' || ended === true || one?.onsetMs == null || one.evidenceMs !== null)
        continue;
      one.evidenceMs = now;
      delays.evidence.push(now - one.onsetMs);
    }
  };
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const parsed: unknown = JSON.parse(plain.toString('utf8'));
    note((Array.isArray(parsed) ? parsed : [parsed]) as Parameters<typeof note>[0]);
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
        ? [[name, value] as const]
        : [],
    );
    const answer = await fetch(`${operatorUrl}${request.url ?? ''}`, {
      method: 'POST',
      headers: Object.fromEntries(headers),
      body: new Uint8Array(body),
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
async function watchWhispers(
  cluster: Cluster,
  pods: readonly Watched[],
  delays: Delays,
  signal: AbortSignal,
): Promise<void> {
  const api = openKubeApi(loadKubeConfig({ kubeconfig: cluster.kubeconfigPath }));
  const path = `/apis/kernel.gossip.io/v1alpha1/namespaces/${NAMESPACE}/kernelwhispers`;
  const { metadata } = (await api.request({ method: 'GET', path })) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  const query = { resourceVersion: metadata.resourceVersion };
  try {
    for await (const event of await api.watch({ path, query, signal, idleMs: LONGEST_MINUTES * 60_000 })) {
      const now = performance.now();
      const { type, object } = event as { readonly type: string; readonly object: KernelWhisper };
      if (type === 'ERROR') throw new Error(`the watch ended: ${JSON.stringify(object)}`);
      const one = pods.find(({ uid }) => uid === object.spec.pod_uid);
      // What is open before the evidence of this onset came is the end of an earlier one still under way.
      if ((object.spec.ended_at ?? null) !== null || one?.onsetMs == null || one.evidenceMs === null)
        continue;
      delays.whisper.push(now - one.onsetMs);
      one.onsetMs = null;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await api.close();
  }
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;

function report(what: string, values: readonly number[], wantedMs: number): void {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => Math.round(quantile(values, share)));
  const worst = Math.round(Math.max(...values));
  say(
    `${what}: ${values.length} onsets, p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, longest ${worst} ms: ${(p99 ?? Infinity) <= wantedMs ? 'met' : 'NOT met'} (p99 at most ${wantedMs} ms)`,
  );
}

async function measure(cluster: Cluster): Promise<void> {
  const kubectl = kubectlFor(cluster);
  const delays: Delays = { evidence: [], whisper: [] };
  const stopping = new AbortController();
  await install(kubectl);
  await makeNamespace(kubectl, NAMESPACE);
  const account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
  const operator = await startOperator(account);
  const pods = await runningPods(cluster, kubectl);
  const relay = await startRelay(operator.url, pods, delays);
  const observer = startProgram(
    'packages/observer/bin/kernel-gossip-observer.js',
    ['--url', relay.url, '--node-name', cluster.nodeName, '--subtree', cluster.cgroupRoot ?? ''],
    { KGOSSIP_TOKEN: await observerToken(kubectl, cluster.nodeName) },
  );
  const stopWatching = watchKernel(pods);
  const watching = watchWhispers(cluster, pods, delays, stopping.signal);
  try {
    const deadline = performance.now() + LONGEST_MINUTES * 60_000;
    const isDone = (): boolean => delays.whisper.length >= ONSETS || performance.now() > deadline;
    while (!isDone()) await Promise.race([watching, sleep(500)]);
  } finally {
    stopWatching();
    stopping.abort();
    await watching;
    await observer.stop();
    await operator.stop();
    relay.close();
    account.remove();
  }
  say(`${PODS} real pods with bursts under a CPU limit of 50m, sampled once a second`);
  report('first throttled period to evidence at the operator', delays.evidence, EVIDENCE_P99_MS);
  report('first throttled period to whisper by the Kubernetes API', delays.whisper, WHISPER_P99_MS);
}

const cluster = await startCluster();
try {
  if (cluster.cgroupRoot === null) say("not measured: the node's kernel is not this machine's");
  else await measure(cluster);
} finally {
  await cluster.down();
}
