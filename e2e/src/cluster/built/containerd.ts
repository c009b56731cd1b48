import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../command.ts';
import { PAUSE_IMAGE } from './images.ts';
import { inNewMountNamespace } from './mount-namespace.ts';
import { findCniDirectory, findProgramOrThrow } from './programs.ts';

const OVERLAYFS_MAGIC = 0x79_4c_76_30;

export function containerdSocket(runDirectory: string): string {
  return join(runDirectory, 'containerd.sock');
}

/** Writes containerd's configuration and gives the command that starts it, in a mount namespace of its own. */
export function prepareContainerd(runDirectory: string, cni: object): readonly string[] {
  const cniConfDirectory = join(runDirectory, 'cni');
  mkdirSync(cniConfDirectory, { recursive: true });
  writeFileSync(join(cniConfDirectory, '10-e2e.conflist'), JSON.stringify(cni, undefined, 2));
  const config = join(runDirectory, 'containerd.toml');
  writeFileSync(
    config,
    containerdConfig({
      runDirectory,
      cniConfDirectory,
      cniBinDirectory: findCniDirectory() ?? '/opt/cni/bin',
      snapshotter: snapshotterFor(statfsSync(runDirectory).type),
    }),
  );
  return inNewMountNamespace(runDirectory, [findProgramOrThrow('containerd'), '--config', config]);
}

/** An overlay cannot lie on an overlay (in a container without a volume): plain copies then. */
export function snapshotterFor(fileSystemType: number): 'native' | 'overlayfs' {
  return fileSystemType === OVERLAYFS_MAGIC ? 'native' : 'overlayfs';
}

/**
 * restrict_oom_score_adj: without CAP_SYS_RESOURCE runc may not write the negative oom_score_adj of a sandbox and dies
 * with "can't get final child's PID from pipe: EOF". disable_apparmor: containerd would load a profile into the
 * kernel and leave it there. The network namespaces' mounts go below the state directory, not into /run/netns.
 */
export function containerdConfig(options: {
  readonly runDirectory: string;
  readonly cniConfDirectory: string;
  readonly cniBinDirectory: string;
  readonly snapshotter: string;
}): string {
  const { runDirectory } = options;
  return `version = 2
root = "${join(runDirectory, 'containerd')}"
state = "${join(runDirectory, 'containerd-state')}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
  address = "${containerdSocket(runDirectory)}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(runDirectory, 'containerd-opt')}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_tcp_service = true
  netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "${options.snapshotter}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${options.cniBinDirectory}"
  conf_dir = "${options.cniConfDirectory}"
`;
}

/** In the namespace where the kubelet looks for images. */
export async function ctr(runDirectory: string, args: readonly string[]): Promise<string> {
  const address = containerdSocket(runDirectory);
  return runOrThrow(findProgramOrThrow('ctr'), ['--address', address, '--namespace', 'k8s.io', ...args]);
}

/** The CRI of containerd 1.6 finds no image whose layers are not unpacked for its snapshotter. */
export async function importImage(runDirectory: string, archivePath: string): Promise<void> {
  const snapshotter = snapshotterFor(statfsSync(runDirectory).type);
  await ctr(runDirectory, ['images', 'import', '--snapshotter', snapshotter, archivePath]);
}
