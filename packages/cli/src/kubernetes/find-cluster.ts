import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { loadKubeConfig, type LoadedKubeConfig } from 'kernel-gossip-operator/kubernetes';
import { isKernelGossipError, KernelGossipError } from 'kernel-gossip-types';
import { parse } from 'yaml';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface ClusterRequest {
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface FoundCluster {
  readonly loaded: LoadedKubeConfig;
  /** Like "context prod of ~/.kube/config". */
  readonly origin: string;
  /** The namespace of the context; "default" where it names none, as with kubectl. */
  readonly namespace: string;
}

/** Where kubectl would look, as far as there is something. */
function findFiles({ kubeconfig, env }: ClusterRequest): readonly string[] {
  if (kubeconfig !== null) return [kubeconfig];
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  const candidates = named.length > 0 ? named : [join(env.HOME ?? homedir(), '.kube', 'config')];
  return candidates.filter((path) => existsSync(path));
}

/** Whether a file chooses no context: what is left where the only cluster was deleted. */
function choosesNone(file: string): boolean {
  try {
    const config = parse(readFileSync(file, 'utf8')) as { readonly 'current-context'?: unknown } | null;
    return (config?.['current-context'] ?? '') === '';
  } catch {
    return false;
  }
}

const isInPod = ({ env }: ClusterRequest): boolean =>
  env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(SERVICE_ACCOUNT_TOKEN);

function load(files: readonly string[], { context }: ClusterRequest): LoadedKubeConfig {
  const [file] = files;
  try {
    return loadKubeConfig({
      // Several files are merged by client-node, which reads their names from KUBECONFIG itself.
      ...(file === undefined || files.length > 1 ? {} : { kubeconfig: file }),
      ...(context === null ? {} : { context }),
    });
  } catch (error) {
    if (!isKernelGossipError(error, 'KG_CONFIG_INVALID')) throw error;
    throw new KernelGossipError(
      error.code,
      `${error.message.replace(/\.$/, '')}. Name another one with --context, --kubeconfig or KUBECONFIG, or an operator with --url.`,
      { cause: error },
    );
  }
}

const found = (loaded: LoadedKubeConfig, origin: string): FoundCluster => ({
  loaded,
  origin,
  namespace: loaded.namespace ?? 'default',
});

/**
 * The cluster kubectl would speak to, or null where none is configured: files go before a pod's service account, and
 * nothing is taken for a cluster on localhost:8080, where an operator may listen.
 */
export function findCluster(request: ClusterRequest): FoundCluster | null {
  const files = findFiles(request);
  const [first] = files;
  if (first === undefined) {
    if (request.context !== null) {
      throw new KernelGossipError(
        'KG_CONFIG_INVALID',
        'There is no kubeconfig to take --context from. Name one with --kubeconfig or KUBECONFIG.',
      );
    }
    return isInPod(request) ? found(load(files, request), "this pod's service account") : null;
  }
  const isAsked = request.context !== null || request.kubeconfig !== null;
  if (!isAsked && files.every(choosesNone)) return null;
  const loaded = load(files, request);
  return found(loaded, `context ${loaded.context} of ${files.join(', ')}`);
}
