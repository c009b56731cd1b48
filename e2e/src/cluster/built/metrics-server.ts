import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { succeed } from '../../install.ts';
import { apply, kubectlFor } from '../../kubectl.ts';
import type { ClusterDescription } from '../cluster.ts';
import { authorityIn } from './certificates.ts';
import { makeRunCgroup } from './cgroups.ts';
import { daemonStarter } from './daemon.ts';
import { builtOnce } from './go-build.ts';
import { freePorts } from './ports.ts';
import { listRuns, secretsOf, type RunRecord } from './run-directory.ts';

export interface MetricsServer {
  /** Ends the process and leaves it registered, as when it crashed: its API is unavailable then. */
  stop(): Promise<void>;
  /** Ends the process and takes its API out of the cluster: while one is unavailable, no namespace can be deleted. */
  remove(): Promise<void>;
}

const SOURCE_DIRECTORY = join(import.meta.dirname, '../../../kubernetes/metrics-server');
const API_SERVICE = 'v1beta1.metrics.k8s.io';
const NAMESPACE = 'kube-system';
const NAME = 'metrics-server';

/**
 * A real metrics-server for a built cluster: a process of the run, on the node's address, behind the aggregation layer.
 * Only a suite that needs it pays for it. Resolves when its API is available; pods have samples some scrapes later.
 */
export async function startMetricsServer(cluster: ClusterDescription): Promise<MetricsServer> {
  const record = runOf(cluster);
  const binDir = await metricsServerBinary();
  const [port = 0] = await freePorts(1);
  const ending = new AbortController();
  const start = daemonStarter({
    runDirectory: record.directory,
    cgroupProcs: makeRunCgroup(record.cgroup),
    ending: ending.signal,
  });
  const daemon = start(NAME, metricsServerCommand(join(binDir, NAME), record, cluster, port));
  const kubectl = kubectlFor(cluster);
  const remove = async (): Promise<void> => {
    ending.abort();
    await succeed(kubectl, ['delete', 'apiservice', API_SERVICE, '--ignore-not-found']);
    await succeed(kubectl, ['delete', 'service,endpointslice', NAME, '-n', NAMESPACE, '--ignore-not-found']);
    if (!daemon.hasEnded()) await daemon.kill();
  };
  try {
    await apply(kubectl, registration(record.network.nodeAddress, port));
    const available = ['wait', '--for=condition=Available', `apiservice/${API_SERVICE}`, '--timeout=90s'];
    await succeed(kubectl, available);
  } catch (error) {
    await remove();
    throw error;
  }
  return { stop: () => daemon.kill(), remove };
}

/** The directory with the program, built first when it never was: its module's own main package. */
export function metricsServerBinary(): Promise<string> {
  const version = metricsServerVersionIn(readFileSync(join(SOURCE_DIRECTORY, 'go.mod'), 'utf8'));
  return builtOnce({
    title: `metrics-server ${version}`,
    name: NAME,
    sourceDirectory: SOURCE_DIRECTORY,
    sources: ['go.mod', 'go.sum'],
    target: 'sigs.k8s.io/metrics-server/cmd/metrics-server',
    linkerFlags: '-s -w',
  });
}

export function metricsServerVersionIn(goMod: string): string {
  const version = /^\s*(?:require )?sigs\.k8s\.io\/metrics-server (v\S+)/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error('go.mod does not require sigs.k8s.io/metrics-server');
  return version;
}

function runOf({ kubeconfigPath }: ClusterDescription): RunRecord {
  const record = listRuns().find(({ directory }) => directory === dirname(kubeconfigPath));
  if (record === undefined) throw new Error('a metrics-server is only started for a built cluster');
  return record;
}

/** The shortest resolution that it takes, so that tests need not wait longer. */
function metricsServerCommand(
  program: string,
  record: RunRecord,
  { kubeconfigPath }: ClusterDescription,
  port: number,
): readonly string[] {
  return [
    program,
    `--kubeconfig=${kubeconfigPath}`,
    `--authentication-kubeconfig=${kubeconfigPath}`,
    `--authorization-kubeconfig=${kubeconfigPath}`,
    `--bind-address=${record.network.nodeAddress}`,
    `--secure-port=${port}`,
    `--cert-dir=${join(record.directory, NAME)}`,
    `--kubelet-certificate-authority=${authorityIn(secretsOf(record)).certificate}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--kubelet-use-node-status-port',
    '--kubelet-request-timeout=5s',
    '--metric-resolution=10s',
  ];
}

/** As the metrics-server's own manifests register it, but for a service that leads to a process instead of to pods. */
function registration(address: string, port: number): readonly object[] {
  const metadata = { name: NAME, namespace: NAMESPACE };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': NAME } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port, protocol: 'TCP' }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: API_SERVICE },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        service: { name: NAME, namespace: NAMESPACE },
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    },
  ];
}
