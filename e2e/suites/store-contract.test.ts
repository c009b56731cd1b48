import { beforeAll, inject } from 'vitest';
import { kubernetesStoreContract } from '../../packages/operator/src/store/kubernetes/kubernetes-store.contract.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { install } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';

const cluster = connectCluster(inject('cluster'));

// No operator runs meanwhile: it would write statuses onto the objects of the contract.
beforeAll(() => install(kubectlFor(cluster)));

kubernetesStoreContract({ kubeconfig: cluster.kubeconfigPath });
