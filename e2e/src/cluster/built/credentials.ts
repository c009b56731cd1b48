import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Kubeconfigs {
  readonly admin: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kubelet: string;
}

export interface Credentials {
  readonly tokenFile: string;
  readonly kubeconfigs: Kubeconfigs;
}

interface Identity {
  readonly token: string;
  readonly user: string;
  readonly group: string | null;
}

/** Each component is who it is in any cluster, so that RBAC's own roles and the node authorizer apply to it. */
export function makeCredentials(
  directory: string,
  options: { readonly server: string; readonly authorityPath: string; readonly nodeName: string },
): Credentials {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const identities = {
    admin: identity('admin', 'system:masters'),
    controllerManager: identity('system:kube-controller-manager', null),
    scheduler: identity('system:kube-scheduler', null),
    kubelet: identity(`system:node:${options.nodeName}`, 'system:nodes'),
  };
  const tokenFile = join(directory, 'tokens.csv');
  writeSecret(tokenFile, Object.values(identities).map(tokenLine).join(''));
  const authority = readFileSync(options.authorityPath).toString('base64');
  const write = (name: string, { token }: Identity): string => {
    const path = join(directory, name);
    writeSecret(path, JSON.stringify(kubeconfig(options.server, authority, token), undefined, 2));
    return path;
  };
  return {
    tokenFile,
    kubeconfigs: {
      admin: write('kubeconfig', identities.admin),
      controllerManager: write('controller-manager.kubeconfig', identities.controllerManager),
      scheduler: write('scheduler.kubeconfig', identities.scheduler),
      kubelet: write('kubelet.kubeconfig', identities.kubelet),
    },
  };
}

/** The format of --token-auth-file: token, user name, user uid, "groups". */
export function tokenLine({ token, user, group }: Identity): string {
  return group === null ? `${token},${user},${user}\n` : `${token},${user},${user},"${group}"\n`;
}

/** JSON is YAML. */
export function kubeconfig(server: string, authorityBase64: string, token: string): object {
  const name = 'kernel-gossip-e2e';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': authorityBase64 } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
}

function identity(user: string, group: string | null): Identity {
  return { token: randomBytes(24).toString('hex'), user, group };
}

function writeSecret(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}
