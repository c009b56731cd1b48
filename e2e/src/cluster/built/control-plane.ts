import { join } from 'node:path';
import { FRONT_PROXY_NAME, type Certificates } from './certificates.ts';
import type { Credentials } from './credentials.ts';
import type { NetworkPlan } from './network.ts';
import { findProgramOrThrow } from './programs.ts';

/** What the control plane's command lines are made from. */
export interface ControlPlane {
  readonly runDirectory: string;
  readonly binDir: string;
  readonly ports: ControlPlanePorts;
  readonly network: NetworkPlan;
  readonly certificates: Certificates;
  readonly credentials: Credentials;
}

export interface ControlPlanePorts {
  readonly apiServer: number;
  readonly etcd: number;
  readonly etcdPeer: number;
}

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** No fsync: the data need not outlive the machine, and waiting for a disk is most of etcd's time. */
export function etcdCommand({ runDirectory, ports }: ControlPlane): readonly string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    findProgramOrThrow('etcd'),
    `--name=e2e`,
    `--data-dir=${join(runDirectory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=e2e=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/**
 * Aggregator routing sends webhooks and aggregated APIs to a service's endpoints instead of its virtual address: there
 * is no kube-proxy (and no CoreDNS) here. Pods reach the API server all the same: the supervisor listens at its service address.
 */
export function apiServerCommand(plane: ControlPlane): readonly string[] {
  const { certificates, network } = plane;
  return [
    join(plane.binDir, 'kube-apiserver'),
    `--etcd-servers=http://127.0.0.1:${plane.ports.etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${plane.ports.apiServer}`,
    `--advertise-address=${network.nodeAddress}`,
    `--service-cluster-ip-range=${network.serviceCidr}`,
    `--tls-cert-file=${certificates.apiServer.certificate}`,
    `--tls-private-key-file=${certificates.apiServer.key}`,
    `--client-ca-file=${certificates.authority.certificate}`,
    `--token-auth-file=${plane.credentials.tokenFile}`,
    `--service-account-issuer=${ISSUER}`,
    `--service-account-signing-key-file=${certificates.serviceAccountKey}`,
    `--service-account-key-file=${certificates.serviceAccountKey}`,
    `--kubelet-certificate-authority=${certificates.authority.certificate}`,
    `--kubelet-client-certificate=${certificates.kubeletClient.certificate}`,
    `--kubelet-client-key=${certificates.kubeletClient.key}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--enable-aggregator-routing=true',
    `--requestheader-client-ca-file=${certificates.frontProxyAuthority.certificate}`,
    `--requestheader-allowed-names=${FRONT_PROXY_NAME}`,
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${certificates.frontProxy.certificate}`,
    `--proxy-client-key-file=${certificates.frontProxy.key}`,
    // Debian's etcd 3.4 reports no watch progress, for want of which this estimate only fills the log with errors.
    '--feature-gates=SizeBasedListCostEstimate=false',
    '--profiling=false',
  ];
}

/** Nobody to elect a leader against, and without a lease to lose it outlives a stop of the API server. */
export function controllerManagerCommand({
  binDir,
  certificates,
  credentials,
}: ControlPlane): readonly string[] {
  return [
    join(binDir, 'kube-controller-manager'),
    `--kubeconfig=${credentials.kubeconfigs.controllerManager}`,
    `--service-account-private-key-file=${certificates.serviceAccountKey}`,
    `--root-ca-file=${certificates.authority.certificate}`,
    `--cluster-signing-cert-file=${certificates.authority.certificate}`,
    `--cluster-signing-key-file=${certificates.authority.key}`,
    '--use-service-account-credentials=true',
    '--allocate-node-cidrs=false',
    '--leader-elect=false',
    '--secure-port=0',
  ];
}

export function schedulerCommand({ binDir, credentials }: ControlPlane): readonly string[] {
  return [
    join(binDir, 'kube-scheduler'),
    `--kubeconfig=${credentials.kubeconfigs.scheduler}`,
    '--leader-elect=false',
    '--secure-port=0',
  ];
}
