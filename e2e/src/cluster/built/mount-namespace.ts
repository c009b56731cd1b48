import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgramOrThrow } from './programs.ts';

/**
 * containerd and the kubelet have paths built in that no option changes: the shims' sockets
 * (containerd 1.6 runtime/v2/shim/util_unix.go), the CNI result cache (libcni), the device plugins' socket and the
 * links to container logs (kubelet), and libmount's /run/mount. They run in a mount namespace of their own in which the run's directories lie
 * over those, so that a containerd or kubelet of the machine is never met. It also means that every mount they make
 * is gone with their last process, however that came to die.
 */
const OWN_DIRECTORIES = {
  '/run/containerd': 'shim-sockets',
  '/run/mount': 'mount-state',
  '/var/lib/cni': 'cni-state',
  '/var/lib/kubelet': 'kubelet',
  '/var/log/containers': 'container-logs',
  '/var/log/pods': 'pod-logs',
} as const;

/** Parents first, as mkdir and (reversed) rmdir want them. */
export function missingMountPoints(): readonly string[] {
  return Object.keys(OWN_DIRECTORIES).filter((directory) => !existsSync(directory));
}

export function ownDirectories(runDirectory: string): readonly string[] {
  return Object.values(OWN_DIRECTORIES).map((name) => join(runDirectory, name));
}

/**
 * The command that runs another one in a new mount namespace. `private` first cuts it off from the machine, then
 * `rshared` inside lets volumes with mount propagation work between the kubelet and the containers.
 */
export function inNewMountNamespace(runDirectory: string, command: readonly string[]): readonly string[] {
  const mount = findProgramOrThrow('mount');
  const binds = Object.entries(OWN_DIRECTORIES).map(
    ([target, name]) => `${mount} -n --bind ${join(runDirectory, name)} ${target}`,
  );
  const script = [`${mount} -n --make-rshared /`, ...binds, 'exec "$@"'].join(' && ');
  return [
    findProgramOrThrow('unshare'),
    '--mount',
    '--propagation',
    'private',
    '/bin/sh',
    '-c',
    script,
    'sh',
    ...command,
  ];
}

export function inMountNamespaceOf(pid: number, command: readonly string[]): readonly string[] {
  return [findProgramOrThrow('nsenter'), `--mount=/proc/${pid}/ns/mnt`, '--', ...command];
}
