import { kubernetesStoreContract } from './kubernetes-store.contract.ts';
kubernetesStoreContract({ kubeconfig: process.env.KUBECONFIG! }, { burst: 1000, runs: 10 });
