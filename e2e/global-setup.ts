import type { TestProject } from 'vitest/node';
import type { ClusterDescription } from './src/cluster/cluster.ts';
import { startCluster } from './src/cluster/provider.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly cluster: ClusterDescription;
  }
}

/** One cluster for the whole run; suites get at it by `inject('cluster')` and `connectCluster`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster();
  const {
    provider,
    kubeconfigPath,
    nodeName,
    cgroupRoot,
    binDir,
    workloadImage,
    imagePullPolicy,
    controlSocket,
  } = cluster;
  project.provide('cluster', {
    provider,
    kubeconfigPath,
    nodeName,
    cgroupRoot,
    binDir,
    workloadImage,
    imagePullPolicy,
    controlSocket,
  });
  return () => cluster.down();
}
