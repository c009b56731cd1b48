import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';

/** Everything that a container of Kubernetes has of its own; the pod's sandbox has no mount namespace of others. */
const NAMESPACES = ['mount', 'pid', 'network', 'ipc', 'uts', 'cgroup'] as const;

/** Writes an OCI bundle of busybox (opencontainers/runtime-spec, config.md) and returns its directory. */
export function makeBundle(cgroupsPath: string, args: readonly string[]): string {
  const bundle = '/run/bundle';
  for (const directory of ['bin', 'proc']) mkdirSync(`${bundle}/rootfs/${directory}`, { recursive: true });
  copyFileSync('/bin/busybox', `${bundle}/rootfs/bin/sh`);
  const config = {
    ociVersion: '1.0.2',
    process: { args, cwd: '/', user: { uid: 0, gid: 0 }, env: ['PATH=/bin'] },
    root: { path: 'rootfs' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { cgroupsPath, namespaces: NAMESPACES.map((type) => ({ type })) },
  };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
  return bundle;
}
