import { randomUUID } from 'node:crypto';
import { loadKubeConfig, type KubeConfigOptions } from '../../cluster/kube-config.ts';
import { openKubeApi, pathOf } from '../../cluster/kube-api.ts';
import { storeContract, type ContractOptions } from '../contract.ts';
import { openKubernetesStore } from './kubernetes-store.ts';

/**
 * Holds the Kubernetes store to the contract, against a real API server that has our CRDs. Call it in a test file.
 * It makes a namespace of its own and deletes it at the end.
 */
export const kubernetesStoreContract = (
  kubeconfig: KubeConfigOptions,
  options: ContractOptions = {},
): void => {
  storeContract(
    'Kubernetes',
    async () => {
      const loaded = loadKubeConfig(kubeconfig);
      const namespace = `kg-contract-${randomUUID().slice(0, 8)}`;
      const api = openKubeApi(loaded);
      await api.request({
        method: 'POST',
        path: pathOf('api', 'v1', 'namespaces'),
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      });
      const store = openKubernetesStore({ api });
      return {
        store,
        namespace,
        cleanup: async () => {
          await api.request({ method: 'DELETE', path: pathOf('api', 'v1', 'namespaces', namespace) });
          await store.close();
        },
      };
    },
    { runs: 15, ...options },
  );
};
