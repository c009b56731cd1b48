import { existsSync } from 'node:fs';
import { join } from 'node:path';

const MOUNT = '/sys/fs/cgroup';

/** Only the unified hierarchy (cgroup v2) has this file at the place where everything is mounted. */
export function isUnified(mount = MOUNT): boolean {
  return existsSync(join(mount, 'cgroup.controllers'));
}

/** The directory of a cgroup: one per controller on cgroup v1, the same one for all on v2. */
export function cgroupDirectory(controller: string, cgroupPath: string, mount = MOUNT): string {
  return isUnified(mount) ? join(mount, cgroupPath) : join(mount, controller, cgroupPath);
}
