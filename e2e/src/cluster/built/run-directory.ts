import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCgroup, type RunCgroup } from './cgroups.ts';
import { readKernelSettings, type KernelSettings } from './kernel-settings.ts';
import { missingMountPoints } from './mount-namespace.ts';
import { planNetwork, type NetworkPlan } from './network.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** `hand` runs are for working by hand (`npm run cluster`); there is at most one. `test` runs end with their owner. */
export type RunPurpose = 'hand' | 'test';

/** All that somebody who comes later needs to remove a run; written before the run makes anything else. */
export interface RunRecord {
  readonly id: string;
  readonly purpose: RunPurpose;
  readonly directory: string;
  readonly supervisor: ProcessIdentity;
  readonly cgroup: RunCgroup;
  readonly network: NetworkPlan;
  readonly kernelSettings: KernelSettings;
  /** Directories of the machine that this run has to make only in order to mount something over them. */
  readonly madeMountPoints: readonly string[];
  readonly binDir: string;
}

/**
 * Not /run and not /tmp: these are often in memory (images go here) and /run is often noexec.
 * Short, since a unix socket's path must fit in 108 bytes.
 */
const RUNS = '/var/tmp/kernel-gossip';
const RECORD = 'run.json';

/** Makes the directory and its record appear together, so that no run is ever seen without its record. */
export function createRun(purpose: RunPurpose, binDir: string): RunRecord {
  const id = randomBytes(3).toString('hex');
  const directory = join(RUNS, id);
  const record: RunRecord = {
    id,
    purpose,
    directory,
    supervisor: ownIdentity(),
    cgroup: runCgroup(id),
    network: planNetwork(id),
    ...machineBefore(),
    binDir,
  };
  const unfinished = `${directory}.unfinished`;
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  writeFileSync(join(unfinished, RECORD), JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(unfinished, directory);
  return record;
}

/**
 * Runs may overlap. The machine as it was before the first of them is handed on from run to run, and the last one
 * puts it back (removeRun).
 */
function machineBefore(): Pick<RunRecord, 'kernelSettings' | 'madeMountPoints'> {
  const earlier = listRuns()[0];
  return {
    kernelSettings: earlier?.kernelSettings ?? readKernelSettings(),
    madeMountPoints: earlier?.madeMountPoints ?? missingMountPoints(),
  };
}

export function listRuns(): readonly RunRecord[] {
  return runDirectories().flatMap((directory) => {
    try {
      return [JSON.parse(readFileSync(join(directory, RECORD), 'utf8')) as RunRecord];
    } catch {
      return [];
    }
  });
}

/** Where a run keeps its keys and certificates. */
export function secretsOf(record: RunRecord): string {
  return join(record.directory, 'secrets');
}

export function controlSocketOf(record: RunRecord): string {
  return join(record.directory, 'control.sock');
}

function runDirectories(): readonly string[] {
  try {
    return readdirSync(RUNS).map((name) => join(RUNS, name));
  } catch {
    return [];
  }
}

function ownIdentity(): ProcessIdentity {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('a built cluster needs /proc');
  return identity;
}
