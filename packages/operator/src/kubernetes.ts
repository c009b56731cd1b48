/**
 * The package's way to Kubernetes, apart from its main entry: loading the client takes half a second and some 60 MB,
 * which one machine without a cluster should not pay.
 */
export { AUDIENCE } from './authn/token-review.ts';
export { Credentials } from './cluster/credentials.ts';
export { openKubeApi, pathOf, type KubeApi } from './cluster/kube-api.ts';
export { loadKubeConfig, type LoadedKubeConfig } from './cluster/kube-config.ts';
export { errorOfNetwork, errorOfResponse, KubeError } from './cluster/kube-error.ts';
export { openPortForward, type PodPort } from './cluster/port-forward.ts';
export { reflect } from './cluster/reflector.ts';
export { kubernetesBackend } from './kubernetes-backend.ts';
export { decodeResource } from './store/decode-resource.ts';
export type { Store } from './store/port.ts';
export { openKubernetesStore } from './store/kubernetes/kubernetes-store.ts';
