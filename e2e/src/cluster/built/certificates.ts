import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../command.ts';
import { findProgramOrThrow } from './programs.ts';

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Certificates {
  readonly authority: KeyPair;
  readonly apiServer: KeyPair;
  readonly kubelet: KeyPair;
  /** By which the API server shows itself to the kubelet (logs, exec, proxying). */
  readonly kubeletClient: KeyPair;
  /** Whom servers of aggregated APIs believe about who asks. Apart from `authority`, which signs for anybody. */
  readonly frontProxyAuthority: KeyPair;
  /** By which the API server shows itself to these servers. */
  readonly frontProxy: KeyPair;
  readonly serviceAccountKey: string;
}

interface Subject {
  readonly name: string;
  readonly subject: string;
  readonly addresses: readonly string[];
  readonly signer?: string;
}

const AUTHORITY = 'authority';
const FRONT_PROXY_AUTHORITY = 'front-proxy-authority';
/** The common name of the API server towards servers of aggregated APIs. */
export const FRONT_PROXY_NAME = 'front-proxy-client';
const DAYS = '365';
/** A configuration of our own, so that nothing depends on the machine's openssl.cnf. */
const REQUEST_CONFIG =
  '[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = unused\n[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n';

export async function makeCertificates(
  directory: string,
  names: { readonly nodeName: string; readonly nodeAddress: string; readonly apiServiceAddress: string },
): Promise<Certificates> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'request.cnf'), REQUEST_CONFIG);
  await makeAuthority(directory, AUTHORITY);
  await makeAuthority(directory, FRONT_PROXY_AUTHORITY);
  await sign(directory, {
    name: 'api-server',
    subject: '/CN=kube-apiserver',
    addresses: [
      'IP:127.0.0.1',
      `IP:${names.nodeAddress}`,
      `IP:${names.apiServiceAddress}`,
      'DNS:localhost',
      'DNS:kubernetes',
      'DNS:kubernetes.default',
      'DNS:kubernetes.default.svc',
      'DNS:kubernetes.default.svc.cluster.local',
    ],
  });
  await sign(directory, {
    name: 'kubelet',
    subject: `/O=system:nodes/CN=system:node:${names.nodeName}`,
    addresses: [`IP:${names.nodeAddress}`, `DNS:${names.nodeName}`],
  });
  await sign(directory, {
    name: 'kubelet-client',
    subject: '/O=system:masters/CN=kube-apiserver-kubelet-client',
    addresses: [],
  });
  await sign(directory, {
    name: 'front-proxy',
    subject: `/CN=${FRONT_PROXY_NAME}`,
    addresses: [],
    signer: FRONT_PROXY_AUTHORITY,
  });
  writeKey(join(directory, 'service-account.key'), 'rsa');
  return {
    authority: authorityIn(directory),
    apiServer: pairOf(directory, 'api-server'),
    kubelet: pairOf(directory, 'kubelet'),
    kubeletClient: pairOf(directory, 'kubelet-client'),
    frontProxyAuthority: pairOf(directory, FRONT_PROXY_AUTHORITY),
    frontProxy: pairOf(directory, 'front-proxy'),
    serviceAccountKey: join(directory, 'service-account.key'),
  };
}

/** The authority that signs for the servers of a cluster whose certificates are in this directory. */
export const authorityIn = (directory: string): KeyPair => pairOf(directory, AUTHORITY);

async function makeAuthority(directory: string, name: string): Promise<void> {
  const { certificate, key } = pairOf(directory, name);
  writeKey(key, 'ec');
  await openssl(directory, [
    ...['req', '-x509', '-new', '-key', key, '-subj', `/CN=kernel-gossip-e2e-${name}`, '-days', DAYS],
    ...['-config', 'request.cnf', '-extensions', 'ca', '-out', certificate],
  ]);
}

async function sign(
  directory: string,
  { name, subject, addresses, signer = AUTHORITY }: Subject,
): Promise<void> {
  const { certificate, key } = pairOf(directory, name);
  const authority = pairOf(directory, signer);
  writeKey(key, 'ec');
  const alternatives = addresses.length === 0 ? '' : `subjectAltName = ${addresses.join(', ')}\n`;
  writeFileSync(
    join(directory, `${name}.cnf`),
    `basicConstraints = critical, CA:FALSE\nextendedKeyUsage = serverAuth, clientAuth\n${alternatives}`,
  );
  await openssl(directory, [
    ...['req', '-new', '-key', key, '-subj', subject, '-config', 'request.cnf', '-out', `${name}.csr`],
  ]);
  await openssl(directory, [
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', authority.certificate, '-CAkey', authority.key],
    ...['-CAcreateserial', '-days', DAYS, '-extfile', `${name}.cnf`, '-out', certificate],
  ]);
}

function pairOf(directory: string, name: string): KeyPair {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

function writeKey(path: string, type: 'ec' | 'rsa'): void {
  const { privateKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}

async function openssl(directory: string, args: readonly string[]): Promise<void> {
  await runOrThrow(findProgramOrThrow('openssl'), args, { cwd: directory });
}
