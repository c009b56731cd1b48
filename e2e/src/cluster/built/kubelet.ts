import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from './certificates.ts';
import { containerdSocket } from './containerd.ts';
import { inMountNamespaceOf } from './mount-namespace.ts';

export interface KubeletOptions {
  readonly runDirectory: string;
  readonly binDir: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly port: number;
  readonly cgroupPath: string;
  readonly certificates: Certificates;
  readonly kubeconfigPath: string;
  /** The kubelet has to see the mounts that containerd sees. */
  readonly containerdPid: number;
}

export function prepareKubelet(options: KubeletOptions): readonly string[] {
  const config = join(options.runDirectory, 'kubelet.json');
  writeFileSync(config, JSON.stringify(kubeletConfig(options), undefined, 2));
  return inMountNamespaceOf(options.containerdPid, [
    join(options.binDir, 'kubelet'),
    `--config=${config}`,
    `--kubeconfig=${options.kubeconfigPath}`,
    `--hostname-override=${options.nodeName}`,
    `--node-ip=${options.nodeAddress}`,
  ]);
}

/**
 * failCgroupV1: Kubernetes 1.35 refuses cgroup v1 otherwise. makeIPTablesUtilChains: its chains would outlive it.
 * localStorageCapacityIsolation and evictionHard: the disk of a developer's machine may be nearly full.
 * cgroupsPerQOS below a root of our own keeps every foreign cgroup out of reach.
 */
export function kubeletConfig(options: KubeletOptions): object {
  const { certificates, runDirectory } = options;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: options.nodeAddress,
    port: options.port,
    healthzPort: 0,
    readOnlyPort: 0,
    tlsCertFile: certificates.kubelet.certificate,
    tlsPrivateKeyFile: certificates.kubelet.key,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true, cacheTTL: '2s' },
      x509: { clientCAFile: certificates.authority.certificate },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${containerdSocket(runDirectory)}`,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: true,
    cgroupRoot: options.cgroupPath,
    enforceNodeAllocatable: ['pods'],
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    makeIPTablesUtilChains: false,
    localStorageCapacityIsolation: false,
    evictionHard: { 'memory.available': '10Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    volumePluginDir: join(runDirectory, 'volume-plugins'),
    syncFrequency: '10s',
  };
}
