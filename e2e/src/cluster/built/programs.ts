import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../command.ts';
import { say } from '../../say.ts';

interface Requirement {
  readonly program: string;
  readonly debianPackage: string;
}

const CNI_DIRECTORIES = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'] as const;
const PATH_ADDITIONS = ['/usr/local/sbin', '/usr/sbin', '/sbin'] as const;
const POLICY = '/usr/sbin/policy-rc.d';

const REQUIREMENTS: readonly Requirement[] = [
  { program: 'etcd', debianPackage: 'etcd-server' },
  { program: 'containerd', debianPackage: 'containerd' },
  { program: 'ctr', debianPackage: 'containerd' },
  { program: 'runc', debianPackage: 'runc' },
  { program: 'iptables', debianPackage: 'iptables' },
  { program: 'busybox', debianPackage: 'busybox-static' },
  { program: 'ip', debianPackage: 'iproute2' },
  { program: 'openssl', debianPackage: 'openssl' },
  { program: 'unshare', debianPackage: 'util-linux' },
  { program: 'nsenter', debianPackage: 'util-linux' },
  { program: 'mount', debianPackage: 'mount' },
];

/** PATH with the system directories that an ordinary user's PATH may lack. */
export function systemPath(): string {
  return [process.env.PATH ?? '', ...PATH_ADDITIONS].join(':');
}

export function findProgram(name: string): string | undefined {
  return systemPath()
    .split(':')
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

export function findProgramOrThrow(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

export function findCniDirectory(): string | undefined {
  return CNI_DIRECTORIES.find((directory) => isExecutable(join(directory, 'bridge')));
}

/** Installs what is missing where that is ours to do (root on Debian); otherwise says what to install. */
export async function ensurePrograms(): Promise<void> {
  await ensurePackages(missingPackages(), 'a cluster on this machine');
  const stillMissing = missingPackages();
  if (stillMissing.length > 0)
    throw new Error(`apt-get installed, but still missing: ${stillMissing.join(', ')}`);
}

/** Installs these Debian packages where that is ours to do; otherwise throws what `purpose` needs. */
export async function ensurePackages(missing: readonly string[], purpose: string): Promise<void> {
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) {
    throw new Error(`${purpose} also needs: ${missing.join(', ')} (names of Debian packages)`);
  }
  say(`installing Debian packages: ${missing.join(' ')}`);
  await installPackages(missing);
}

export function missingPackages(): readonly string[] {
  const missing = REQUIREMENTS.filter(({ program }) => findProgram(program) === undefined).map(
    ({ debianPackage }) => debianPackage,
  );
  if (findCniDirectory() === undefined) missing.push('containernetworking-plugins');
  return [...new Set(missing)];
}

/**
 * Debian starts a daemon as soon as its package is there. An invoke-rc.d policy of 101 (forbidden) keeps etcd and
 * containerd from ever starting (/usr/share/doc/init-system-helpers/README.policy-rc.d.gz). A policy that is
 * already there is somebody's decision and stays.
 */
async function installPackages(packages: readonly string[]): Promise<void> {
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
    chmodSync(POLICY, 0o755);
  }
  try {
    const env = { ...process.env, PATH: systemPath(), DEBIAN_FRONTEND: 'noninteractive' };
    await runOrThrow('apt-get', ['update'], { env });
    await runOrThrow('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
