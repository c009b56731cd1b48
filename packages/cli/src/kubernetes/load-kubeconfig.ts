import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface KubeconfigRequest {
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface LoadedKubeconfig {
  readonly config: KubeConfig;
  /** Like "context prod of ~/.kube/config". */
  readonly origin: string;
  /** The namespace of the context; "default" where it names none, as with kubectl. */
  readonly namespace: string;
}

/** Where kubectl would look, as far as there is something. */
function findFiles({ kubeconfig, env }: KubeconfigRequest): readonly string[] {
  if (kubeconfig !== null) return [kubeconfig];
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  const candidates = named.length > 0 ? named : [join(env.HOME ?? homedir(), '.kube', 'config')];
  return candidates.filter((path) => existsSync(path));
}

function readFiles(config: KubeConfig, files: readonly string[]): void {
  for (const [index, file] of files.entries()) {
    try {
      if (index === 0) {
        config.loadFromFile(file);
      } else {
        const further = new KubeConfig();
        further.loadFromFile(file);
        config.mergeConfig(further, true);
      }
    } catch (error) {
      throw new KernelGossipError(
        'KG_CONFIG_INVALID',
        `The kubeconfig ${file} cannot be read: ${messageOf(error)}. Name another one with --kubeconfig or KUBECONFIG, or an operator with --url.`,
        { cause: error },
      );
    }
  }
}

function inCluster(): LoadedKubeconfig {
  const config = new KubeConfig();
  config.loadFromCluster();
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  return { config, origin: "this pod's service account", namespace };
}

/**
 * The cluster kubectl would speak to, or null where none is configured. Unlike `KubeConfig.loadFromDefault` it never
 * falls back to an API server on localhost:8080: that is where an operator may listen.
 */
export function loadKubeconfig(request: KubeconfigRequest): LoadedKubeconfig | null {
  const files = findFiles(request);
  if (files.length === 0) {
    if (request.context !== null) {
      throw new KernelGossipError(
        'KG_CONFIG_INVALID',
        'There is no kubeconfig to take --context from. Name one with --kubeconfig or KUBECONFIG.',
      );
    }
    const inPod = request.env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(SERVICE_ACCOUNT_TOKEN);
    return inPod ? inCluster() : null;
  }
  const config = new KubeConfig();
  readFiles(config, files);
  if (request.context !== null) config.setCurrentContext(request.context);
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null || config.getCurrentCluster() === null) {
    if (request.context === null && request.kubeconfig === null) return null;
    const known = config.getContexts().map(({ name }) => name);
    throw new KernelGossipError(
      'KG_CONFIG_INVALID',
      `${files.join(', ')} has no usable context "${config.getCurrentContext()}". It has: ${known.join(', ') || 'none'}.`,
    );
  }
  return {
    config,
    origin: `context ${context.name} of ${files.join(', ')}`,
    namespace: context.namespace ?? 'default',
  };
}
