import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { kubectlFor, type Kubectl } from '../../kubectl.ts';
import { Hopeless, until } from '../../poll.ts';
import type { ClusterDescription } from '../cluster.ts';
import { forward } from '../forward.ts';
import { makeCertificates } from './certificates.ts';
import { makeRunCgroup } from './cgroups.ts';
import { cniConfig } from './cni.ts';
import { ctr, importImage, prepareContainerd } from './containerd.ts';
import {
  apiServerCommand,
  controllerManagerCommand,
  etcdCommand,
  schedulerCommand,
  type ControlPlane,
} from './control-plane.ts';
import { makeCredentials } from './credentials.ts';
import { daemonStarter, logTail, type Daemon, type StartDaemon } from './daemon.ts';
import { WORKLOAD_IMAGE, writeImages } from './images.ts';
import { compact } from './etcd-history.ts';
import { prepareKubelet } from './kubelet.ts';
import { ownDirectories } from './mount-namespace.ts';
import { makeBridge } from './network.ts';
import { freePorts } from './ports.ts';
import { controlSocketOf, secretsOf, type RunRecord } from './run-directory.ts';

export interface RunningCluster {
  readonly description: ClusterDescription;
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  forgetHistory(): Promise<void>;
  importImage(archivePath: string): Promise<void>;
}

const NODE_NAME = 'kernel-gossip-e2e';
const START_TIMEOUT_MS = 90_000;

/** Starts the whole one-node cluster; when it resolves, the node is Ready and pods can be created. */
export async function startNode(record: RunRecord, ending: AbortSignal): Promise<RunningCluster> {
  const start = daemonStarter({
    runDirectory: record.directory,
    cgroupProcs: makeRunCgroup(record.cgroup),
    ending,
  });
  for (const directory of [...record.madeMountPoints, ...ownDirectories(record.directory)]) {
    mkdirSync(directory, { recursive: true });
  }
  await makeBridge(record.network);
  const [plane, kubeletPort] = await planControlPlane(record);
  const kubectl = kubectlFor({ kubeconfigPath: plane.credentials.kubeconfigs.admin, binDir: record.binDir });

  const containerd = start('containerd', prepareContainerd(record.directory, cni(record)));
  const apiServer = await startControlPlane(plane, kubectl, start);
  await forwardServiceAddress(plane);
  await importOwnImages(record.directory, containerd);
  const kubelet = start(
    'kubelet',
    prepareKubelet({
      runDirectory: record.directory,
      binDir: record.binDir,
      nodeName: NODE_NAME,
      nodeAddress: record.network.nodeAddress,
      port: kubeletPort,
      cgroupPath: record.cgroup.path,
      certificates: plane.certificates,
      kubeconfigPath: plane.credentials.kubeconfigs.kubelet,
      containerdPid: containerd.pid,
    }),
  );
  await waitUntilUsable(kubectl, record.directory, kubelet);
  return {
    description: describe(record, plane),
    ...apiServerSwitch(apiServer, () => startApiServer(plane, kubectl, start)),
    forgetHistory: () => compact(plane.ports.etcd),
    importImage: (archivePath) => importImage(record.directory, archivePath),
  };
}

function cni(record: RunRecord): object {
  return cniConfig(record.network, join(record.directory, 'cni-addresses'));
}

async function planControlPlane(record: RunRecord): Promise<readonly [ControlPlane, number]> {
  const [apiServer = 0, etcd = 0, etcdPeer = 0, kubelet = 0] = await freePorts(4);
  const certificates = await makeCertificates(secretsOf(record), { nodeName: NODE_NAME, ...record.network });
  const credentials = makeCredentials(record.directory, {
    server: `https://127.0.0.1:${apiServer}`,
    authorityPath: certificates.authority.certificate,
    nodeName: NODE_NAME,
  });
  const plane: ControlPlane = {
    runDirectory: record.directory,
    binDir: record.binDir,
    ports: { apiServer, etcd, etcdPeer },
    network: record.network,
    certificates,
    credentials,
  };
  return [plane, kubelet];
}

async function startControlPlane(plane: ControlPlane, kubectl: Kubectl, start: StartDaemon): Promise<Daemon> {
  start('etcd', etcdCommand(plane));
  const apiServer = await startApiServer(plane, kubectl, start);
  start('kube-controller-manager', controllerManagerCommand(plane));
  start('kube-scheduler', schedulerCommand(plane));
  return apiServer;
}

async function startApiServer(plane: ControlPlane, kubectl: Kubectl, start: StartDaemon): Promise<Daemon> {
  const daemon = start('kube-apiserver', apiServerCommand(plane));
  await until('the API server to be ready', { timeoutMs: START_TIMEOUT_MS }, async () => {
    failWhenEnded(daemon, plane.runDirectory);
    const answer = await kubectl(['get', '--raw', '/readyz']);
    return answer.code === 0 ? true : undefined;
  });
  return daemon;
}

/** In place of kube-proxy: where pods look for the API server, and where its endpoints say it is. */
async function forwardServiceAddress({ network, ports }: ControlPlane): Promise<void> {
  const apiServer = { host: '127.0.0.1', port: ports.apiServer };
  await forward({ host: network.apiServiceAddress, port: 443 }, apiServer);
  await forward({ host: network.nodeAddress, port: ports.apiServer }, apiServer);
}

async function importOwnImages(runDirectory: string, containerd: Daemon): Promise<void> {
  await until('containerd to answer', { timeoutMs: START_TIMEOUT_MS }, () => {
    failWhenEnded(containerd, runDirectory);
    return ctr(runDirectory, ['version']);
  });
  for (const archive of await writeImages(runDirectory)) await importImage(runDirectory, archive);
}

/** A pod can be made once the node is Ready and its namespace has what every pod mounts. */
async function waitUntilUsable(kubectl: Kubectl, runDirectory: string, kubelet: Daemon): Promise<void> {
  const needs = [
    ['get', 'serviceaccount', 'default', '-n', 'default'],
    ['get', 'configmap', 'kube-root-ca.crt', '-n', 'default'],
    ['wait', '--for=condition=Ready', `node/${NODE_NAME}`, '--timeout=2s'],
  ];
  for (const need of needs) {
    await until(`kubectl ${need.join(' ')}`, { timeoutMs: START_TIMEOUT_MS, everyMs: 250 }, async () => {
      failWhenEnded(kubelet, runDirectory);
      return (await kubectl(need)).code === 0 ? true : undefined;
    });
  }
}

/** Stops the process that runs now and remembers the one that comes after it. */
function apiServerSwitch(
  first: Daemon,
  startNext: () => Promise<Daemon>,
): Pick<RunningCluster, 'stopApiServer' | 'startApiServer'> {
  let current = first;
  return {
    stopApiServer: () => current.kill(),
    startApiServer: async () => {
      if (current.hasEnded()) current = await startNext();
    },
  };
}

function describe(record: RunRecord, plane: ControlPlane): ClusterDescription {
  return {
    provider: 'built',
    kubeconfigPath: plane.credentials.kubeconfigs.admin,
    nodeName: NODE_NAME,
    cgroupRoot: `${record.cgroup.path}/kubepods`,
    binDir: record.binDir,
    workloadImage: WORKLOAD_IMAGE,
    imagePullPolicy: 'Never',
    controlSocket: controlSocketOf(record),
  };
}

function failWhenEnded(daemon: Daemon, runDirectory: string): void {
  if (!daemon.hasEnded()) return;
  throw new Hopeless(`${daemon.name} ended:\n${logTail(join(runDirectory, 'logs', `${daemon.name}.log`))}`);
}
