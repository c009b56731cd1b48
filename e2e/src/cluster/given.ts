import { kubectlFor } from '../kubectl.ts';
import type { Cluster } from './cluster.ts';
import { connectCluster } from './connect.ts';

/** A cluster that somebody else made and keeps: nothing of it is ours to stop, and it can pull images. */
export async function useGiven(kubeconfigPath: string): Promise<Cluster> {
  const kubectl = kubectlFor({ kubeconfigPath, binDir: null });
  const nodes = await kubectl(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']);
  if (nodes.code !== 0 || nodes.stdout === '') {
    throw new Error(`KERNEL_GOSSIP_E2E_KUBECONFIG=${kubeconfigPath} leads to no node: ${nodes.stderr}`);
  }
  const cluster = connectCluster({
    provider: 'given',
    kubeconfigPath,
    nodeName: nodes.stdout,
    cgroupRoot: null,
    binDir: null,
    workloadImage: 'busybox:1.36',
    imagePullPolicy: 'IfNotPresent',
    controlSocket: null,
  });
  return { ...cluster, down: () => Promise.resolve() };
}
