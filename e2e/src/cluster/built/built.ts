import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Cluster, ClusterDescription } from '../cluster.ts';
import { connectCluster } from '../connect.ts';
import { kubernetesBinaries } from './kubernetes-build.ts';
import { ensurePrograms } from './programs.ts';
import type { RunPurpose } from './run-directory.ts';

/** A real Kubernetes of one node, this machine, from Go modules and Debian packages: no container image is pulled. */
export async function startBuilt(purpose: RunPurpose): Promise<Cluster> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('running a kubelet on this machine needs Linux and root');
  }
  await ensurePrograms();
  return connectCluster(await startSupervisor(purpose, await kubernetesBinaries()));
}

/**
 * Its own session, so that a Ctrl-C at the terminal does not reach it before its owner is done. Its output is relayed
 * rather than inherited: a cluster that stays up must not hold the terminal (or a pipe) of who started it.
 */
function startSupervisor(purpose: RunPurpose, binDir: string): Promise<ClusterDescription> {
  const supervisor = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts'), purpose, binDir], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
  });
  supervisor.stdin.on('error', () => undefined);
  supervisor.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  return new Promise((resolve, reject) => {
    supervisor.once('error', reject);
    supervisor.once('exit', (code) =>
      reject(new Error(`the cluster did not start (supervisor ended with ${code})`)),
    );
    createInterface({ input: supervisor.stdout }).once('line', (line) => {
      // Neither the process nor its pipes keep the owner from ending; its end is what takes the cluster down.
      supervisor.unref();
      for (const stream of [supervisor.stdin, supervisor.stdout, supervisor.stderr]) unref(stream);
      resolve(JSON.parse(line) as ClusterDescription);
    });
  });
}

/** Child pipes are sockets, which the types do not tell. */
function unref(stream: object): void {
  if ('unref' in stream && typeof stream.unref === 'function') Reflect.apply(stream.unref, stream, []);
}
