import { accessSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { KubeConfig } from '@kubernetes/client-node';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface KubeConfigOptions {
  /** Path of a kubeconfig file; taken before everything else. */
  readonly kubeconfig?: string;
  /** A context of that file (or of the default one), instead of its current one. */
  readonly context?: string;
}

/** How to reach a cluster, and how that was found. */
export interface LoadedKubeConfig {
  readonly config: KubeConfig;
  /** `explicit`: the file that was named. `in-cluster`: the pod's service account. `default`: KUBECONFIG or ~/.kube/config. */
  readonly origin: 'explicit' | 'in-cluster' | 'default';
  readonly context: string;
  readonly server: string;
  /** The namespace of the context, or of the pod; null where none is stated. */
  readonly namespace: string | null;
}

const invalid = (message: string, cause?: unknown): KernelGossipError =>
  new KernelGossipError('KG_CONFIG_INVALID', message, { cause });

const exists = (path: string): boolean => {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
};

const isInCluster = (): boolean => (process.env.KUBERNETES_SERVICE_HOST ?? '') !== '' && exists(TOKEN_FILE);

const defaultFile = (): string | null => {
  const named = process.env.KUBECONFIG ?? '';
  if (named !== '') return named;
  const home = process.env.HOME ?? process.env.USERPROFILE ?? '';
  const file = join(home, '.kube', 'config');
  return home !== '' && exists(file) ? file : null;
};

/** Reads a configuration, telling which file was wrong where one was. */
const read = (what: string, load: (config: KubeConfig) => void): KubeConfig => {
  const config = new KubeConfig();
  try {
    load(config);
  } catch (error) {
    throw invalid(`Cannot read ${what}: ${messageOf(error)}`, error);
  }
  return config;
};

const find = ({
  kubeconfig,
  context,
}: KubeConfigOptions): { readonly config: KubeConfig; readonly origin: LoadedKubeConfig['origin'] } => {
  if (kubeconfig !== undefined) {
    return {
      origin: 'explicit',
      config: read(`the kubeconfig ${kubeconfig}`, (config) => config.loadFromFile(kubeconfig)),
    };
  }
  if (context === undefined && isInCluster()) {
    return {
      origin: 'in-cluster',
      config: read("the pod's service account", (config) => config.loadFromCluster()),
    };
  }
  const file = defaultFile();
  // Without this, client-node silently takes http://localhost:8080.
  if (file === null)
    throw invalid(
      'No cluster is configured: set KUBECONFIG, or run inside of a cluster with a service account.',
    );
  return {
    origin: 'default',
    config: read(`the kubeconfig ${file}`, (config) => config.loadFromDefault()),
  };
};

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

const parseServer = (server: string): URL => {
  try {
    return new URL(server);
  } catch (error) {
    throw invalid(`The kubeconfig's server is not a URL: ${server}`, error);
  }
};

/**
 * Finds out how to reach the cluster: by the file and context that are named, else by the pod's service account,
 * else by KUBECONFIG or ~/.kube/config.
 *
 * Plain http is taken on this machine only (`kubectl proxy`, tests), or where the cluster's entry says
 * `insecure-skip-tls-verify: true`; client-node 2 refuses it for want of that word in either case.
 *
 * @throws KernelGossipError `KG_CONFIG_INVALID`
 */
export const loadKubeConfig = (options: KubeConfigOptions = {}): LoadedKubeConfig => {
  const { config, origin } = find(options);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw invalid(
      `The kubeconfig has no context ${config.getCurrentContext()}; it has: ${known.join(', ') || 'none'}.`,
    );
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw invalid(
      `The kubeconfig's context ${context.name} names the cluster ${context.cluster}, which it lacks.`,
    );
  const { protocol, hostname } = parseServer(cluster.server);
  if (protocol === 'http:' && !cluster.skipTLSVerify && !isLoopback(hostname))
    throw invalid(`${cluster.server} would send credentials in the clear: use https.`);
  return {
    config: ready(config, protocol === 'http:'),
    origin,
    context: context.name,
    server: cluster.server,
    namespace: context.namespace ?? null,
  };
};

/** The configuration with two gaps of client-node filled: plain http, and a context without a user. */
const ready = (config: KubeConfig, isPlain: boolean): KubeConfig => {
  const cluster = config.getCurrentCluster();
  if (cluster === null) return config;
  const filled = new KubeConfig();
  // A context without a user would also lose the cluster's CA (`applyHTTPSOptions` returns early in 2.0.1).
  filled.loadFromClusterAndUser(
    isPlain ? { ...cluster, skipTLSVerify: true } : cluster,
    config.getCurrentUser() ?? { name: 'nobody' },
  );
  return filled;
};
