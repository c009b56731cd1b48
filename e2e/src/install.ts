import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterDescription } from './cluster/cluster.ts';
import type { Kubectl } from './kubectl.ts';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const OPERATOR_MANIFESTS = join(REPOSITORY, 'k8s/operator');
export const OPERATOR_NAMESPACE = 'kernel-gossip';

/**
 * Installs as the README says, `kubectl apply -f k8s/crds/ && kubectl apply -f k8s/operator/`, but for the replicas of
 * the Deployment: the suites run the operator as processes of their own. There is none from the beginning, since the image
 * may be there, and even an operator that is scaled away at once writes verdicts first.
 */
export async function install(kubectl: Kubectl): Promise<void> {
  await succeed(kubectl, ['wait', '--for=condition=Ready', 'node', '--all', '--timeout=90s']);
  await succeed(kubectl, ['apply', '-f', `${REPOSITORY}k8s/crds/`]);
  await succeed(kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  for (const file of readdirSync(OPERATOR_MANIFESTS)) {
    const manifest = readFileSync(join(OPERATOR_MANIFESTS, file), 'utf8');
    await succeed(kubectl, ['apply', '-f', '-'], manifest.replace(/^ {2}replicas: \d+$/m, '  replicas: 0'));
  }
}

/** Runs kubectl and returns what it printed; throws what it said where it failed. */
export async function succeed(kubectl: Kubectl, args: readonly string[], input?: string): Promise<string> {
  const result = await kubectl(args, input === undefined ? {} : { input });
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** A namespace of its own for a suite, gone with everything in it when the suite ends. */
export async function makeNamespace(kubectl: Kubectl, name: string): Promise<() => Promise<void>> {
  await succeed(kubectl, ['create', 'namespace', name]);
  await succeed(kubectl, ['wait', '--for=create', 'serviceaccount/default', '-n', name, '--timeout=30s']);
  return async () => {
    await succeed(kubectl, ['delete', 'namespace', name, '--wait=false']);
  };
}

/** A pod that keeps two threads busy under a CPU limit of a fifth of a core. */
export const throttledPod = (cluster: ClusterDescription, namespace: string, name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'burner',
        image: cluster.workloadImage,
        imagePullPolicy: cluster.imagePullPolicy,
        command: ['sh', '-c', '(while :; do :; done) & while :; do :; done'],
        resources: { requests: { cpu: '50m' }, limits: { cpu: '200m', memory: '64Mi' } },
      },
    ],
  },
});
