import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ClusterDescription } from './cluster/cluster.ts';
import { kubectlProgram } from './kubectl.ts';

export interface PortForward {
  readonly url: string;
  stop(): Promise<void>;
}

/** `kubectl port-forward` to a port of a pod, by a free port of this machine. */
export async function portForward(
  cluster: ClusterDescription,
  namespace: string,
  target: string,
  port: string,
): Promise<PortForward> {
  const child = spawn(
    kubectlProgram(cluster),
    ['--kubeconfig', cluster.kubeconfigPath, 'port-forward', '-n', namespace, target, `:${port}`],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const complaints: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const local = /^Forwarding from (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (local !== undefined) resolve(`http://${local}`);
    });
    child.once('error', reject);
    child.once('close', () => {
      reject(new Error(`kubectl port-forward ${target}: ${Buffer.concat(complaints).toString()}`));
    });
  });
  return {
    url,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
