import { readFileSync } from 'node:fs';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';
import type { TargetOptions } from '../options.ts';
import type { Io } from '../terminal/io.ts';
import { OperatorTarget } from './operator-target.ts';
import type { Target } from './target.ts';

/** Where the one-machine mode listens. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';

function parseUrl(text: string, origin: string): URL {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new KernelGossipError(
      'KG_USAGE',
      `${origin} must be an address like ${DEFAULT_URL}, not "${text}".`,
    );
  }
  return url;
}

function tokenOf(options: TargetOptions, env: Io['env']): string | null {
  if (options.tokenFile === null) return env.KGOSSIP_TOKEN ?? null;
  try {
    return readFileSync(options.tokenFile, 'utf8').trim();
  } catch (error) {
    throw new KernelGossipError('KG_USAGE', `--token-file cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function clusterTarget(options: TargetOptions, io: Io): Promise<Target | null> {
  // Loaded only here: the cluster's client takes half a second to import, which no `kgossip --url` should pay.
  const { findCluster } = await import('../kubernetes/find-cluster.ts');
  const cluster = findCluster({ kubeconfig: options.kubeconfig, context: options.context, env: io.env });
  if (cluster === null) return null;
  const { KubernetesTarget } = await import('../kubernetes/kubernetes-target.ts');
  return new KubernetesTarget({
    ...cluster,
    operator: { namespace: options.operatorNamespace, service: options.operatorService },
    timeoutMs: options.timeoutMs,
    note: io.note,
  });
}

/** Whom to speak to: `--url`, else `KGOSSIP_URL`, else a kubeconfig, else this machine. */
export async function chooseTarget(options: TargetOptions, io: Io): Promise<Target> {
  const namedCluster = options.context !== null || options.kubeconfig !== null;
  if (options.url !== null && namedCluster) {
    throw new KernelGossipError('KG_USAGE', 'Give either --url or --context/--kubeconfig, not both.');
  }
  const operatorAt = (text: string, origin: string): Target =>
    new OperatorTarget({
      url: parseUrl(text, origin),
      origin,
      token: tokenOf(options, io.env),
      timeoutMs: options.timeoutMs,
    });
  if (options.url !== null) return operatorAt(options.url, '--url');
  const fromEnvironment = io.env.KGOSSIP_URL;
  if (!namedCluster && fromEnvironment !== undefined && fromEnvironment !== '') {
    return operatorAt(fromEnvironment, 'KGOSSIP_URL');
  }
  return (
    (await clusterTarget(options, io)) ??
    operatorAt(DEFAULT_URL, 'tried as there is no --url, KGOSSIP_URL or kubeconfig')
  );
}
