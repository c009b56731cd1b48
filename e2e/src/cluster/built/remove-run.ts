import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { say } from '../../say.ts';
import { killMembers, removeRunCgroup } from './cgroups.ts';
import { restoreKernelSettings } from './kernel-settings.ts';
import { removeBridge } from './network.ts';
import { isAlive } from './process-identity.ts';
import { listRuns, type RunRecord } from './run-directory.ts';

/**
 * Undoes a run from its record alone. The daemons are killed, not asked: nothing they hold needs saving, and the
 * mounts are gone with the last process of their namespace.
 */
export async function removeRun(record: RunRecord): Promise<void> {
  await killMembers(record.cgroup);
  await removeRunCgroup(record.cgroup);
  await removeBridge(record.network.bridge);
  refuseMountsBelow(record.directory);
  if (listRuns().every(({ id }) => id === record.id)) putMachineBack(record);
  rmSync(record.directory, { recursive: true, force: true });
  removeIfEmpty(dirname(record.directory));
}

/** Not while another run lives: removing a directory takes the mounts on it away in every namespace. */
function putMachineBack({ kernelSettings, madeMountPoints }: RunRecord): void {
  restoreKernelSettings(kernelSettings);
  for (const directory of madeMountPoints) removeIfEmpty(directory);
}

/** Runs whose supervisor was killed. */
export async function removeStaleRuns(): Promise<void> {
  for (const record of listRuns().filter(({ supervisor }) => !isAlive(supervisor))) {
    say(`removing what run ${record.id} left behind (its supervisor was killed)`);
    await removeRun(record);
  }
}

/** All mounts were made in the daemons' namespace. Were one visible here, deleting would go through it. */
function refuseMountsBelow(directory: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  if (mounts.includes(` ${directory}/`))
    throw new Error(`something is mounted below ${directory}: not deleting it`);
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Not empty, so somebody else uses it by now; or another run's removal was faster.
  }
}
