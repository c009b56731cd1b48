import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './cluster/cluster.ts';
import { OPERATOR_NAMESPACE, REPOSITORY, succeed } from './install.ts';
import { kubectlFor, type Kubectl } from './kubectl.ts';
import { startProgram, type Program } from './program.ts';

export interface Operator extends Program {
  readonly url: string;
}

/** A kubeconfig for a service account, by a token that the API server issued for it. */
export interface ServiceAccountConfig {
  readonly path: string;
  readonly kubectl: Kubectl;
  readonly remove: () => void;
}

export async function serviceAccountConfig(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<ServiceAccountConfig> {
  const admin = kubectlFor(cluster);
  const token = (await succeed(admin, ['create', 'token', name, '-n', namespace, '--duration=2h'])).trim();
  const view = JSON.parse(await succeed(admin, ['config', 'view', '--raw', '-o', 'json'])) as {
    readonly 'current-context': string;
    readonly contexts: readonly { readonly name: string; readonly context: { readonly cluster: string } }[];
    readonly clusters: readonly { readonly name: string }[];
  };
  const current = view.contexts.find((context) => context.name === view['current-context']);
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-e2e-'));
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'sa',
    contexts: [{ name: 'sa', context: { cluster: current?.context.cluster, user: 'sa' } }],
    clusters: view.clusters,
    users: [{ name: 'sa', user: { token } }],
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return {
    path,
    kubectl: kubectlFor({ kubeconfigPath: path, binDir: cluster.binDir }),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whom the operator takes tokens for. */
const FOR_THE_OPERATOR = ['--audience', 'kernel-gossip', '--duration', '1h'];

/** A token of the account that may send about every namespace. */
export const senderToken = async (admin: Kubectl): Promise<string> =>
  (
    await succeed(admin, [
      ...['create', 'token', 'kernel-gossip-sender', '-n', OPERATOR_NAMESPACE],
      ...FOR_THE_OPERATOR,
    ])
  ).trim();

export const OBSERVER_NAMESPACE = 'kernel-gossip-observer';

/** A token of a node's observer, as one gets it who has no pod there: bound to the node itself (Kubernetes 1.31). */
export async function observerToken(admin: Kubectl, nodeName: string): Promise<string> {
  await succeed(admin, ['apply', '-f', `${REPOSITORY}k8s/observer/00-namespace.yaml`]);
  const token = await succeed(admin, [
    ...['create', 'token', 'kernel-gossip-observer', '-n', OBSERVER_NAMESPACE],
    ...['--bound-object-kind', 'Node', '--bound-object-name', nodeName],
    ...FOR_THE_OPERATOR,
  ]);
  return token.trim();
}

/** The operator as a process, with the rights of its own service account. Resolves when it listens. */
export async function startOperator(
  config: ServiceAccountConfig,
  args: readonly string[] = [],
): Promise<Operator> {
  const program = startProgram('packages/operator/bin/kernel-gossip-operator.js', [
    ...['--kubeconfig', config.path, '--port', '0', '--host', '127.0.0.1'],
    ...['--lease-namespace', OPERATOR_NAMESPACE],
    ...args,
  ]);
  const listening = await program.line(/"msg":"listening"/);
  return { ...program, url: (JSON.parse(listening) as { readonly url: string }).url };
}

/** What `/ready` answers, or null where nobody answers. */
export async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/ready`).catch(() => null);
  return response?.status === 200;
}
