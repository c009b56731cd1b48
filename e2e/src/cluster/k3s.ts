import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { K3sContainer, type StartedK3sContainer } from '@testcontainers/k3s';
import { run } from '../command.ts';
import { until } from '../poll.ts';
import { kubectlFor } from '../kubectl.ts';
import type { Cluster, ClusterDescription } from './cluster.ts';
import { connectCluster } from './connect.ts';
import { serveControl, type ControlRequest } from './control.ts';
import { forward, type Forwarder } from './forward.ts';

const IMAGE = process.env.KERNEL_GOSSIP_E2E_K3S_IMAGE ?? 'rancher/k3s:v1.35.4-k3s1';
const WORKLOAD_IMAGE = 'busybox:1.36';

/** Whether a Docker engine answers; a `docker` without an engine behind it does not count. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    return (await run('docker', ['version', '--format', '{{.Server.Version}}'])).code === 0;
  } catch {
    return false;
  }
}

/**
 * k3s is one process, so its API server cannot be stopped alone. Clients reach it through a forwarder of ours, and
 * "stopped" is a forwarder that is closed: to every client outside the cluster that is the same.
 */
export async function startK3s(): Promise<Cluster> {
  const container = await new K3sContainer(IMAGE).start();
  const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-k3s-'));
  const target = { host: container.getHost(), port: container.getMappedPort(6443) };
  const entrance = await switchable((port) => forward({ host: '127.0.0.1', port }, target));
  const kubeconfigPath = join(directory, 'kubeconfig');
  writeFileSync(kubeconfigPath, throughForwarder(container.getKubeConfig(), entrance.port), { mode: 0o600 });
  const description: ClusterDescription = {
    provider: 'k3s',
    kubeconfigPath,
    nodeName: await nodeNameOf(kubeconfigPath),
    cgroupRoot: cgroupRootOf(container.getId()),
    binDir: null,
    workloadImage: WORKLOAD_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    controlSocket: join(directory, 'control.sock'),
  };
  const down = async (): Promise<void> => {
    await entrance.stop();
    await container.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const server = await serveControl(join(directory, 'control.sock'), async (request) => {
    await handle(request, container, entrance);
    return request.action === 'describe' ? description : undefined;
  });
  server.unref();
  return { ...connectCluster(description), down };
}

interface Entrance {
  readonly port: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

async function switchable(open: (port: number) => Promise<Forwarder>): Promise<Entrance> {
  let current: Forwarder | null = await open(0);
  const { port } = current;
  return {
    port,
    stop: async () => {
      await current?.close();
      current = null;
    },
    start: async () => {
      current ??= await open(port);
    },
  };
}

async function handle(
  request: ControlRequest,
  container: StartedK3sContainer,
  entrance: Entrance,
): Promise<void> {
  switch (request.action) {
    case 'stopApiServer':
      return entrance.stop();
    case 'startApiServer':
      return entrance.start();
    case 'forgetHistory':
      throw new Error('k3s keeps its history to itself');
    case 'importImage':
      return importImage(container, request.archivePath);
    case 'down':
      throw new Error('a k3s cluster ends with the run that started it');
    case 'describe':
      return;
  }
}

async function importImage(container: StartedK3sContainer, archivePath: string): Promise<void> {
  const target = `/tmp/${basename(archivePath)}`;
  await container.copyFilesToContainer([{ source: archivePath, target }]);
  const result = await container.exec(['ctr', '-n', 'k8s.io', 'images', 'import', target]);
  if (result.exitCode !== 0) throw new Error(`ctr in the k3s container: ${result.output}`);
}

/** k3s' certificate is good for 127.0.0.1 (its --tls-san always has it). */
export function throughForwarder(kubeconfig: string, port: number): string {
  return kubeconfig.replace(/server: \S+/, `server: https://127.0.0.1:${port}`);
}

async function nodeNameOf(kubeconfigPath: string): Promise<string> {
  const kubectl = kubectlFor({ kubeconfigPath, binDir: null });
  return until('the k3s node', { timeoutMs: 60_000, everyMs: 500 }, async () => {
    const nodes = await kubectl(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']);
    return nodes.stdout === '' ? undefined : nodes.stdout;
  });
}

/** Only when the container's processes are seen from here, which they are not behind Docker Desktop's VM. */
function cgroupRootOf(containerId: string): string | null {
  try {
    const pid = execFileSync('docker', ['inspect', '--format', '{{.State.Pid}}', containerId])
      .toString()
      .trim();
    return containerCgroupIn(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), containerId);
  } catch {
    return null;
  }
}

/** k3s moves itself into a child of the container's cgroup; the pods are below the container's. */
export function containerCgroupIn(procCgroup: string, containerId: string): string | null {
  const path = procCgroup
    .trim()
    .split('\n')
    .map((line) => line.split(':').slice(2).join(':'))
    .find((candidate) => candidate.includes(containerId));
  if (path === undefined) return null;
  const parts = path.split('/');
  const own = parts.findIndex((part) => part.includes(containerId));
  return `${parts.slice(0, own + 1).join('/')}/kubepods`;
}
