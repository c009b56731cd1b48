/**
 * Whether tracing births slows the start of real pods: one pod after the other, with tracing and without in turn.
 *
 * Two lengths are taken, by one clock. From the pod's creation to the moment a watch says that it runs is what a person
 * waits for; kubelet looks at its containers once a second only, so this one is coarse. From the moment the kernel has
 * the pod's cgroup to the first act of the container's own program is the part in which the runtime and the network
 * plugins work, which is what is traced.
 *
 * The number of starts of each kind can be given; it is 30 otherwise.
 */
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadKubeConfig, openKubeApi, pathOf, type KubeApi } from 'kernel-gossip-operator/kubernetes';
import { cgroupDirectory } from '../src/cluster/cgroup-directory.ts';
import type { Cluster } from '../src/cluster/cluster.ts';
import { startCluster } from '../src/cluster/provider.ts';
import { makeNamespace, succeed } from '../src/install.ts';
import { startKgtrace, type Kgtrace } from '../src/kgtrace.ts';
import { kubectlFor } from '../src/kubectl.ts';
import { until } from '../src/poll.ts';

const DEFAULT_STARTS = 30;
const WARM_UP = 1;
const NAMESPACE = 'kg-pod-start';
const PODS_PATH = pathOf('api', 'v1', 'namespaces', NAMESPACE, 'pods');
/** Between two pods, and after tracing was switched, which has no answer. */
const SETTLE_MS = 500;
const KUBELET_LOOKS_EVERY_MS = 1000;
const PATIENCE_MS = 120_000;
const MOST = 1.03;
/** What kgtrace is given in production. With more it has the kernel time all programs, which costs by itself. */
const CAPABILITIES = ['setpriv', '--bounding-set=-all,+bpf,+perfmon'] as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** How long one start took; null where that was not measured. */
interface Start {
  readonly uid: string;
  readonly runningMs: number;
  readonly runtimeMs: number | null;
}

interface PodEvent {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly uid: string };
    readonly status?: { readonly phase?: string };
  };
}

/** When the pod under way got its cgroup, and when its program ran, by this process' clock. */
interface Moments {
  groupMs: number | null;
  programMs: number | null;
}

interface Bench {
  readonly api: KubeApi;
  readonly manifest: (name: string) => object;
  /** Where the kubelet makes the pods' cgroups. */
  readonly group: string;
  readonly moments: Moments;
}

/** The container's first act is a connection to this process, which takes it for that and closes it. */
const podManifest =
  ({ workloadImage, imagePullPolicy }: Cluster, address: string, port: number) =>
  (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'app',
          image: workloadImage,
          imagePullPolicy,
          command: ['sh', '-c', `nc ${address} ${port} </dev/null; exec sleep 86400`],
        },
      ],
    },
  });

async function nodeAddress(cluster: Cluster): Promise<string> {
  const jsonpath = 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}';
  return succeed(kubectlFor(cluster), ['get', 'node', cluster.nodeName, '-o', jsonpath]);
}

const runtimeMsOf = ({ groupMs, programMs }: Moments): number | null =>
  groupMs === null || programMs === null ? null : programMs - groupMs;

/** Starts one pod and removes it again. */
async function startOne({ api, manifest, group, moments }: Bench, name: string): Promise<Start> {
  const watching = new AbortController();
  const events = await api.watch({
    path: PODS_PATH,
    // From any state that the server has at hand: no pod of this name has been.
    query: { fieldSelector: `metadata.name=${name}`, resourceVersion: '0' },
    signal: watching.signal,
    idleMs: PATIENCE_MS,
  });
  moments.groupMs = moments.programMs = null;
  const createdMs = performance.now();
  await api.request({ method: 'POST', path: PODS_PATH, body: manifest(name) });
  let start: Start | null = null;
  for await (const event of events) {
    const now = performance.now();
    const { type, object } = event as PodEvent;
    if (type === 'DELETED') break;
    if (object.status?.phase !== 'Running' || start !== null) continue;
    start = { uid: object.metadata.uid, runningMs: now - createdMs, runtimeMs: runtimeMsOf(moments) };
    await api.request({ method: 'DELETE', path: `${PODS_PATH}/${name}` });
  }
  watching.abort();
  if (start === null) throw new Error(`${name} never ran`);
  const own = join(group, `pod${start.uid}`);
  await until('its cgroup to be gone', { timeoutMs: PATIENCE_MS }, () =>
    existsSync(own) ? undefined : true,
  );
  return start;
}

interface Starts {
  readonly traced: Start[];
  readonly untraced: Start[];
}

/** Pairs begin at moments spread over the second in which kubelet looks once, the same for both of a pair. */
async function inTurn(bench: Bench, kgtrace: Kgtrace, count: number): Promise<Starts> {
  const starts: Starts = { traced: [], untraced: [] };
  for (let pair = -WARM_UP; pair < count; pair += 1) {
    for (const kind of ['traced', 'untraced'] as const) {
      kgtrace.say(kind === 'traced' ? 'births on' : 'births off');
      await sleep(SETTLE_MS + ((pair + WARM_UP) * KUBELET_LOOKS_EVERY_MS) / (count + WARM_UP));
      const start = await startOne(bench, `${kind}-${pair + WARM_UP}`);
      if (pair >= 0) starts[kind].push(start);
    }
  }
  return starts;
}

const p50 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? Number.NaN;

function report(what: string, { traced, untraced }: Starts, lengthOf: (start: Start) => number | null): void {
  const measured = (starts: readonly Start[]): readonly number[] =>
    starts.map(lengthOf).filter((length) => length !== null);
  const [on, off] = [measured(traced), measured(untraced)];
  if (on.length < traced.length || off.length < untraced.length) {
    say(`${what}: not measured, since not every container's program reached this process`);
    return;
  }
  const half = Math.floor(off.length / 2);
  const noise = p50(off.slice(half)) / p50(off.slice(0, half));
  const ratio = p50(on) / p50(off);
  const byPair = p50(on.map((length, pair) => length / (off[pair] ?? Number.NaN)));
  say(
    `${what}: p50 ${p50(on).toFixed(1)} ms traced, ${p50(off).toFixed(1)} ms not, ratio ${ratio.toFixed(3)}: ${ratio <= MOST ? 'met' : 'NOT met'} (at most ${MOST})`,
  );
  say(`  p50 of the ratios pair by pair ${byPair.toFixed(3)}`);
  say(`  noise: second half of the untraced starts to the first ${noise.toFixed(3)}`);
}

/** A figure of starts that were not traced, or of all being traced, would say nothing. */
function verifyTracing({ traced, untraced }: Starts, { lines }: Kgtrace): void {
  const entries = lines.filter(({ t }) => t === 'entry').map(({ cgroup }) => cgroup ?? '');
  const isTraced = ({ uid }: Start): boolean => entries.some((cgroup) => cgroup.includes(uid));
  const seen = [traced, untraced].map((starts) => starts.filter(isTraced).length);
  if (seen[0] !== traced.length || seen[1] !== 0)
    throw new Error(`kgtrace saw ${seen[0]} of ${traced.length} traced starts and ${seen[1]} of the others`);
}

async function measure(cluster: Cluster, count: number): Promise<void> {
  const kubectl = kubectlFor(cluster);
  await succeed(kubectl, ['wait', '--for=condition=Ready', 'node', '--all', '--timeout=90s']);
  await makeNamespace(kubectl, NAMESPACE);
  const group = cgroupDirectory('cpu', join(cluster.cgroupRoot ?? '', 'besteffort'));
  const moments: Moments = { groupMs: null, programMs: null };
  const groups = watch(group, (_, name) => {
    if (name?.startsWith('pod') === true) moments.groupMs ??= performance.now();
  });
  const server = createServer((socket) => {
    moments.programMs ??= performance.now();
    socket.on('error', () => undefined).end();
  });
  await once(server.listen(0), 'listening');
  const { port } = server.address() as AddressInfo;
  const api = openKubeApi(loadKubeConfig({ kubeconfig: cluster.kubeconfigPath }));
  const kgtrace = await startKgtrace(CAPABILITIES);
  try {
    await kgtrace.line('that it traces births', ({ t, births }) => t === 'hello' && births === true);
    kgtrace.say('interval 0');
    const manifest = podManifest(cluster, await nodeAddress(cluster), port);
    const starts = await inTurn({ api, manifest, group, moments }, kgtrace, count);
    verifyTracing(starts, kgtrace);
    say(`${count} starts of a pod of one container with tracing and ${count} without, in turn`);
    report('creation to Running by a watch', starts, ({ runningMs }) => runningMs);
    report("the pod's cgroup to its program's first act", starts, ({ runtimeMs }) => runtimeMs);
  } finally {
    await kgtrace.stop();
    await api.close();
    server.close();
    groups.close();
  }
}

const count = Number(process.argv[2] ?? DEFAULT_STARTS);
if (!Number.isInteger(count) || count < 2)
  throw new Error('usage: pod-start.ts [starts of each kind, at least 2]');
const cluster = await startCluster();
try {
  if (cluster.cgroupRoot === null) say("not measured: the node's kernel is not this machine's");
  else await measure(cluster, count);
} finally {
  await cluster.down();
}
