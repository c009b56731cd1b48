import { say } from '../say.ts';
import { startBuilt } from './built/built.ts';
import type { Cluster } from './cluster.ts';
import { useGiven } from './given.ts';

const KUBECONFIG_VARIABLE = 'KERNEL_GOSSIP_E2E_KUBECONFIG';

/** The first way to a real Kubernetes that is open here. There is no way around having one: nothing is skipped. */
export async function startCluster(): Promise<Cluster> {
  const kubeconfigPath = process.env[KUBECONFIG_VARIABLE];
  if (kubeconfigPath !== undefined && kubeconfigPath !== '') {
    say(`provider: given, by ${KUBECONFIG_VARIABLE}=${kubeconfigPath}`);
    return useGiven(kubeconfigPath);
  }
  // Loaded only now: Docker's client is heavy, and most ways do not need it.
  const { dockerAnswers, startK3s } = await import('./k3s.ts');
  if (await dockerAnswers()) {
    say('provider: k3s, in a container, because a Docker engine answers');
    return startK3s();
  }
  say('provider: built, because no Docker engine answers: the Kubernetes of its Go modules, on this machine');
  return startBuiltOrExplain();
}

async function startBuiltOrExplain(): Promise<Cluster> {
  try {
    return await startBuilt('test');
  } catch (error) {
    throw new Error(
      `the end-to-end suites need a real Kubernetes, and none could be had. Any one of these will do:
  - set ${KUBECONFIG_VARIABLE} to the kubeconfig of a cluster that may be used for tests
  - start a Docker engine (https://docs.docker.com/engine/install/)
  - run as root on Linux with Go 1.25+ (https://go.dev/dl/) and the Debian packages etcd-server containerd runc
    containernetworking-plugins busybox-static iproute2 openssl
The last of them failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
