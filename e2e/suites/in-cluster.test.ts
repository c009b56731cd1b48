import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type {
  KernelWhisper,
  KernelWhisperList,
  PodBirthCertificateList,
  PodBirthCertificateSpec,
} from 'kernel-gossip-types';
import { CHROMIUM, launchChromium } from '../../packages/web/test/support/chromium.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { runOrThrow } from '../src/command.ts';
import { buildImages } from '../src/images/build.ts';
import { makeNamespace, OPERATOR_NAMESPACE, REPOSITORY, succeed, throttledPod } from '../src/install.ts';
import { apply, kubectlFor } from '../src/kubectl.ts';
import { OBSERVER_NAMESPACE } from '../src/operator.ts';
import { until } from '../src/poll.ts';
import { portForward, type PortForward } from '../src/port-forward.ts';
import { say } from '../src/say.ts';
import { serveService, type ServedService } from '../src/service-proxy.ts';

/** The last commit before the manifests knew PixieSource and the kinds that Pixie alone sees. */
const PREVIOUS = 'dcc50f2646cc3a9f28537e31c08e3cc1b914d738';
/** A clone without history cannot upgrade from what was. */
const knowsPrevious =
  spawnSync('git', ['-C', REPOSITORY, 'cat-file', '-e', `${PREVIOUS}^{commit}`]).status === 0;
if (!knowsPrevious) process.stderr.write(`SKIPPED: upgrading: this clone has no commit ${PREVIOUS}\n`);

const NAMESPACE = 'kg-in-cluster';
const OPERATOR = 'kernel-gossip-operator';
const OBSERVER = 'kernel-gossip-observer';
const SHIPPED = [
  [OPERATOR_NAMESPACE, OPERATOR, 'deployment', 2],
  [OBSERVER_NAMESPACE, OBSERVER, 'daemonset', 1],
] as const;
/** The kubelet gives up after three probes that failed, ten seconds apart, and a grace period. */
const PROBED_FOR_MS = 45_000;
/** From the last `kubectl apply` of an installation to a throttled pod on the page, images being on the node. */
const SEEN_WITHIN_MS = 60_000;
/** The first run on a machine makes a base image, which takes minutes. */
const FIRST_TIME_MS = 540_000;

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const json = async <T>(args: readonly string[]): Promise<T> =>
  JSON.parse(await succeed(kubectl, [...args, '-o', 'json'])) as T;

interface Stored {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation: number };
  readonly spec: object;
  readonly status?: { readonly observed_generation?: number };
}
interface StoredList {
  readonly items: readonly Stored[];
}

interface ContainerStatus {
  readonly state: { readonly running?: { readonly startedAt: string } };
}

const findings = async (namespace: string): Promise<readonly Stored[]> =>
  (await json<StoredList>(['get', 'kw,pbc', '-n', namespace])).items;

const whisperAbout = async (pod: string): Promise<KernelWhisper | undefined> =>
  (await json<KernelWhisperList>(['get', 'kw', '-n', NAMESPACE])).items.find(
    ({ spec, status }) =>
      spec.pod_name === pod && spec.container_name === 'burner' && status?.insight != null,
  );

/** Resolves once the operator has said what it makes of it. */
const whispered = (pod: string): Promise<KernelWhisper> =>
  until(`the whisper about ${pod}`, { timeoutMs: 90_000, everyMs: 500 }, () => whisperAbout(pod));

const podIsReady = (name: string): Promise<string> =>
  succeed(kubectl, ['wait', '--for=condition=Ready', `pod/${name}`, '-n', NAMESPACE, '--timeout=60s']);

const podsOf = async (namespace: string, name: string) =>
  (
    await json<{
      readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly status: {
          readonly podIP: string;
          readonly containerStatuses: readonly ContainerStatus[];
        };
      }[];
    }>(['get', 'pods', '-n', namespace, '-l', `app.kubernetes.io/name=${name}`])
  ).items;

/** The leader signs as its host name, which is the pod's name, and an id of its own. */
const leader = async (): Promise<string> => {
  const { spec } = await json<{ readonly spec: { readonly holderIdentity: string } }>([
    ...['get', 'lease', OPERATOR, '-n', OPERATOR_NAMESPACE],
  ]);
  const pods = await podsOf(OPERATOR_NAMESPACE, OPERATOR);
  const found = pods.find(({ metadata }) => spec.holderIdentity.startsWith(metadata.name));
  if (found === undefined) throw new Error(`no pod is the leader ${spec.holderIdentity}`);
  return found.metadata.name;
};

/** Folders of manifests with changes that belong to the cluster, as a user makes them: by an overlay. */
async function applyOverlay(folders: readonly string[], overlay: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-e2e-'));
  try {
    const files = await Promise.all(
      folders.map((each) => runOrThrow('find', [each, '-maxdepth', '1', '-name', '*.yaml'])),
    );
    const resources = files.flatMap((text) => text.trim().split('\n')).sort();
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources, ...overlay }));
    const rendered = await succeed(kubectl, ['kustomize', '--load-restrictor=LoadRestrictionsNone', folder]);
    await apply(kubectl, rendered);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function remove(): Promise<void> {
  for (const folder of ['observer', 'operator', 'crds']) {
    await succeed(kubectl, [
      'delete',
      '--ignore-not-found',
      '--timeout=120s',
      '-f',
      `${REPOSITORY}k8s/${folder}/`,
    ]);
  }
}

/** No image of that time is to be had, so no operator runs: what is there, users have applied. */
async function installPrevious(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-e2e-'));
  try {
    const archive = join(folder, 'k8s.tar');
    await runOrThrow('git', ['-C', REPOSITORY, 'archive', '--output', archive, PREVIOUS, 'k8s']);
    await runOrThrow('tar', ['-C', folder, '-xf', archive]);
    await succeed(kubectl, ['apply', '-f', join(folder, 'k8s/crds')]);
    await succeed(kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    await applyOverlay([join(folder, 'k8s/operator')], { replicas: [{ name: OPERATOR, count: 0 }] });
    await succeed(kubectl, ['apply', '-f', join(folder, 'k8s/samples')]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As the documentation says, `kubectl apply -f` of the folders in this order; the names of the images are the manifests'. */
async function installCurrent(): Promise<ServedService | null> {
  await succeed(kubectl, ['apply', '-f', `${REPOSITORY}k8s/crds/`]);
  await succeed(kubectl, ['apply', '-f', `${REPOSITORY}k8s/operator/`]);
  // k3s has kube-proxy and CoreDNS. A built cluster has neither: the Service is served from here, and its name stands in the
  // pods' /etc/hosts.
  const served =
    cluster.provider === 'built' ? await serveService(cluster, OPERATOR_NAMESPACE, OPERATOR) : null;
  await installObserver('k8s/observer', served);
  return served;
}

const installObserver = (folder: string, served: ServedService | null): Promise<void> =>
  applyOverlay([REPOSITORY + folder], served === null ? {} : { patches: [namedInHosts(served)] });

async function rolledOut(): Promise<void> {
  for (const [namespace, name, kind] of SHIPPED) {
    await succeed(kubectl, ['rollout', 'status', `${kind}/${name}`, '-n', namespace, '--timeout=180s']);
  }
}

const namedInHosts = ({ address }: ServedService): object => ({
  target: { kind: 'DaemonSet', name: OBSERVER },
  patch: JSON.stringify([
    {
      op: 'add',
      path: '/spec/template/spec/hostAliases',
      value: [{ ip: address, hostnames: [`${OPERATOR}.${OPERATOR_NAMESPACE}.svc`] }],
    },
  ]),
});

/** Starts a pod, and resolves with what the observer tells of its birth. On a slow node the sandbox' is told before the container's. */
async function bornSeen(pod: string): Promise<PodBirthCertificateSpec> {
  await apply(kubectl, [throttledPod(cluster, NAMESPACE, pod)]);
  const { spec } = await until(`the birth of ${pod}`, { timeoutMs: 90_000, everyMs: 500 }, async () =>
    (await json<PodBirthCertificateList>(['get', 'pbc', '-n', NAMESPACE])).items.find(
      ({ spec: { pod_name, source, containers } }) =>
        pod_name === pod &&
        source?.name === OBSERVER &&
        containers?.some(({ container_name: name }) => name === 'burner'),
    ),
  );
  return spec;
}
const isComplete = (spec: PodBirthCertificateSpec | undefined): boolean => spec?.incomplete == null;

// Images can be loaded into a cluster that is ours only.
describe.runIf(cluster.controlSocket !== null)('in the cluster, as it is shipped', () => {
  const state: {
    served?: ServedService | null;
    installedAtMs?: number;
    removeNamespace?: () => Promise<void>;
    before: readonly Stored[];
  } = { before: [] };

  const reading = async <T>(read: (forwarded: PortForward) => Promise<T>): Promise<T> => {
    const forwarded = await portForward(cluster, OPERATOR_NAMESPACE, `service/${OPERATOR}`, 'http');
    try {
      return await read(forwarded);
    } finally {
      await forwarded.stop();
    }
  };

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-e2e-'));
    try {
      for (const { archive } of Object.values(await buildImages(folder))) await cluster.importImage(archive);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    await remove();
    if (knowsPrevious) await installPrevious();
    state.before = await findings('default');
    state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
    await apply(kubectl, [throttledPod(cluster, NAMESPACE, 'old-pod')]);
    await podIsReady('old-pod');
    state.served = await installCurrent();
    state.installedAtMs = Date.now();
    await rolledOut();
  }, FIRST_TIME_MS);
  afterAll(async () => {
    await remove();
    await state.served?.stop();
    await state.removeNamespace?.();
  });

  it('shows a newcomer the throttled pod on the page within a minute', async () => {
    if (CHROMIUM === null) throw new Error('there is no Chromium: apt-get install chromium, or set CHROMIUM');
    const browser = await launchChromium(CHROMIUM);
    try {
      await reading(async ({ url }) => {
        const page = await browser.newPage();
        await page.goto(url);
        const installedAtMs = state.installedAtMs ?? 0;
        const row = page.getByRole('link', { name: /old-pod/ }).first();
        await row.waitFor({ timeout: installedAtMs + SEEN_WITHIN_MS - Date.now() });
        say(
          `old-pod is on the page ${((Date.now() - installedAtMs) / 1000).toFixed(1)} s after the installation`,
        );
        await row.click();
        await page
          .getByText(/periods throttled/i)
          .first()
          .waitFor();
        expect(await page.locator('main').innerText()).toMatch(/0\.2 cores/);
      });
    } finally {
      await browser.close();
    }
  });

  it.runIf(knowsPrevious)(
    'keeps every finding that stood there under the previous manifests, and says what it makes of them',
    async () => {
      expect(state.before.map(({ kind }) => kind).sort()).toEqual([
        ...['KernelWhisper', 'KernelWhisper', 'KernelWhisper'],
        'PodBirthCertificate',
      ]);
      const now = await until('a status on each', { timeoutMs: 60_000 }, async () => {
        const all = await findings('default');
        const isAssessed = ({ status, metadata }: Stored): boolean =>
          status?.observed_generation === metadata.generation;
        return all.every(isAssessed) ? all : undefined;
      });
      const kept = ({ kind, metadata: { name, uid }, spec }: Stored): object => ({ kind, name, uid, spec });
      expect(now.map(kept)).toEqual(state.before.map(kept));
    },
  );

  it.each(SHIPPED)(
    'runs in %s as nobody, with a root that cannot be written to',
    async (namespace, name, _, count) => {
      const pods = await podsOf(namespace, name);
      expect(pods).toHaveLength(count);
      const script = `const { writeFileSync, readFileSync } = require('node:fs');
      let refused = null;
      try { writeFileSync('/opt/x', ''); } catch ({ code }) { refused = code; }
      const status = readFileSync('/proc/self/status', 'utf8');
      console.log(JSON.stringify([process.getuid(), refused, /^CapEff:\\s*(\\w+)/m.exec(status)[1], /^NoNewPrivs:\\s*(\\d)/m.exec(status)[1]]));`;
      for (const { metadata } of pods) {
        const told = await succeed(kubectl, [
          'exec',
          '-n',
          namespace,
          metadata.name,
          '--',
          'node',
          '-e',
          script,
        ]);
        expect(JSON.parse(told)).toEqual([65532, 'EROFS', '0000000000000000', '1']);
      }
    },
  );

  it('finds a throttled pod, from the kernel to kubectl', async () => {
    await apply(kubectl, [throttledPod(cluster, NAMESPACE, 'slow-pod')]);
    const whisper = await whispered('slow-pod');
    // How severe it is depends on how busy the machine is with other things.
    expect(whisper.spec).toMatchObject({
      provenance: 'measured',
      source: { name: OBSERVER, node_name: cluster.nodeName },
      kernel_truth: { limit_cores: 0.2 },
    });
    expect(await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE])).toMatch(
      /slow-pod\s+burner\s+cpu_throttle\s+\w+\s+\w+/,
    );
  });

  it('shows it by kubectl port-forward, and serves the page with its policy', async () => {
    await reading(async ({ url }) => {
      const page = await fetch(url);
      const html = await page.text();
      expect([page.status, page.headers.get('Content-Security-Policy')]).toEqual([
        200,
        expect.stringContaining("default-src 'none'"),
      ]);
      const script = /<script[^>]+src="([^"]+)"/.exec(html)?.[1] ?? '';
      const program = await fetch(new URL(script, url));
      expect([program.status, program.headers.get('Content-Type')]).toEqual([
        200,
        expect.stringMatching(/javascript/),
      ]);
      const listed = await fetch(`${url}/api/v1alpha1/namespaces/${NAMESPACE}/kernelwhispers`);
      const { items } = (await listed.json()) as KernelWhisperList;
      expect(items.map(({ spec }) => spec.pod_name)).toContain('slow-pod');
    });
  });

  it('shows it to nobody who comes by another way without a token', async () => {
    const [pod] = await podsOf(OPERATOR_NAMESPACE, OPERATOR);
    const path = `/api/v1alpha1/namespaces/${NAMESPACE}/kernelwhispers`;
    const response = await fetch(`http://${pod?.status.podIP ?? ''}:8080${path}`);
    expect(response.status).toBe(401);
  });

  it('loses nothing when the leader is killed', async () => {
    const known = await whispered('slow-pod');
    const killed = await leader();
    await apply(kubectl, [throttledPod(cluster, NAMESPACE, 'next-pod')]);
    await succeed(kubectl, [
      ...['delete', 'pod', killed, '-n', OPERATOR_NAMESPACE, '--grace-period=0', '--force', '--wait=false'],
    ]);
    await whispered('next-pod');
    expect(await leader()).not.toBe(killed);
    const still = await until('the count to go on', { timeoutMs: 90_000, everyMs: 1000 }, async () => {
      const now = await whisperAbout('slow-pod');
      return (now?.status?.observations ?? 0) > (known.status?.observations ?? 0) ? now : undefined;
    });
    expect([still.metadata.uid, still.status?.first_seen]).toEqual([
      known.metadata.uid,
      known.status?.first_seen,
    ]);
    await rolledOut();
  });

  it('sees births in kernel mode, with the capabilities in no hands but the tracer’s', async () => {
    await installObserver('k8s/observer/kernel-mode', state.served ?? null);
    await rolledOut();
    // The tracer needs a second until it is attached, and does not see what began before.
    await until('the tracer to be attached', { timeoutMs: 60_000, everyMs: 500 }, async () => {
      const log = ['logs', `daemonset/${OBSERVER}`, '-c', 'observer', '-n', OBSERVER_NAMESPACE];
      return (await succeed(kubectl, log)).includes('"births: measured"') ? true : undefined;
    });
    const certificates: PodBirthCertificateSpec[] = [];
    for (const name of ['first-born', 'second-born', 'third-born']) {
      certificates.push(await bornSeen(name));
      if (isComplete(certificates.at(-1))) break;
    }
    const last = certificates.pop();
    expect(last?.provenance).toBe('measured');
    expect(last?.kernel_stats.total_syscalls).toBeGreaterThan(1000);
    // A node that is very busy may begin to count too late. Then there is no sum.
    expect(certificates.filter(({ kernel_stats }) => kernel_stats.total_syscalls != null)).toEqual([]);
    const [pod] = await podsOf(OBSERVER_NAMESPACE, OBSERVER);
    // The tracer has the capabilities 38 and 39 (linux/capability.h), and who started it has none.
    const script = `for status in /proc/[0-9]*/status; do
      grep -q '^Name:.kgtrace' $status && grep -q '^Uid:.65532' $status || continue
      parent=$(sed -n 's/^PPid:.//p' $status)
      sed -n 's/^CapEff:.//p' $status /proc/$parent/status
    done`;
    const told = await succeed(kubectl, [
      ...['exec', '-n', OBSERVER_NAMESPACE, pod?.metadata.name ?? '', '--', 'sh', '-c', script],
    ]);
    expect(told).toBe('000000c000000000\n0000000000000000\n');
  });

  it('goes on for longer than liveness probes that fail would let it', async () => {
    for (const [namespace, name, , count] of SHIPPED) {
      // On a machine that is very busy a probe may fail by itself; where it always does, this never comes.
      const pods = await until(`${name} to run on`, { timeoutMs: 180_000, everyMs: 1000 }, async () => {
        const all = await podsOf(namespace, name);
        const isLongUp = ({ state }: ContainerStatus): boolean =>
          Date.parse(state.running?.startedAt ?? '') < Date.now() - PROBED_FOR_MS;
        return all.flatMap(({ status }) => status.containerStatuses).every(isLongUp) ? all : undefined;
      });
      expect(pods).toHaveLength(count);
    }
  }, 400_000);

  it('leaves nothing behind', async () => {
    await remove();
    const kinds = (await succeed(kubectl, ['api-resources', '--verbs=list', '-o', 'name']))
      .trim()
      .split('\n');
    expect(kinds.filter((kind) => kind.includes('kernel.gossip.io'))).toEqual([]);
    const left = await succeed(kubectl, [
      ...['get', kinds.filter((kind) => !kind.endsWith('metrics.k8s.io')).join(','), '-A', '-o', 'name'],
    ]);
    // The reports of what happened stay for an hour, as Kubernetes keeps all of them.
    const ours = left.split('\n').filter((name) => /kernel-?gossip/.test(name) && !name.startsWith('event'));
    expect(ours.filter((name) => !name.includes(cluster.nodeName))).toEqual([]);
  });
});
