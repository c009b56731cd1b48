export * from './backend.ts';
export { DEFAULT_CONFIG, readConfig, type OperatorConfig } from './config.ts';
export { startOperator, type RunningOperator } from './operator.ts';
export { sqliteBackend } from './sqlite-backend.ts';
export { openKubeApi, type KubeApi } from './cluster/kube-api.ts';
export { loadKubeConfig, type LoadedKubeConfig } from './cluster/kube-config.ts';
export { kubernetesBackend } from './kubernetes-backend.ts';
