import type { Cluster } from './cluster/cluster.ts';
import { kubectlFor } from './kubectl.ts';
import { observerToken } from './operator.ts';
import { startProgram, type Program } from './program.ts';

/** The node's observer as a process, with a token of its own. Resolves when it found the cgroups it is to watch. */
export async function startObserver(
  cluster: Cluster,
  url: string,
  args: readonly string[] = [],
): Promise<Program> {
  const observer = startProgram(
    'packages/observer/bin/kernel-gossip-observer.js',
    [...['--url', url, '--node-name', cluster.nodeName, '--subtree', cluster.cgroupRoot ?? ''], ...args],
    { KGOSSIP_TOKEN: await observerToken(kubectlFor(cluster), cluster.nodeName) },
  );
  await observer.line(/cgroup hierarchy found/);
  return observer;
}
