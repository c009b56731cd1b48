import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { waitFor } from './wait.ts';

export const CGROUP_ROOT = '/sys/fs/cgroup';
const CONTROLLERS = '+cpu +memory +io +pids';

/** What `cpu.stat` counts of a group with a quota (Documentation/admin-guide/cgroup-v2.rst). */
export interface Counters {
  readonly nrPeriods: number;
  readonly nrThrottled: number;
  readonly throttledUs: number;
}

export const POD_UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
export const CONTAINER_ID = '0123456789abcdef'.repeat(4);

/** The paths that kubelet's systemd driver and containerd give to a burstable pod and its container. */
export const podPath = (uid: string): string =>
  `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
export const containerPath = (uid: string, id: string): string =>
  `${podPath(uid)}/cri-containerd-${id}.scope`;

/** Makes the group at `path` and those above it, all with all controllers. */
export function makeGroup(path: string): void {
  const names = path.split('/').slice(1);
  names.forEach((_, depth) => {
    writeSetting(asPath(names.slice(0, depth)), 'cgroup.subtree_control', CONTROLLERS);
    mkdirSync(CGROUP_ROOT + asPath(names.slice(0, depth + 1)), { recursive: true });
  });
}

const asPath = (names: readonly string[]): string => names.map((name) => `/${name}`).join('');

export const readSetting = (path: string, file: string): string =>
  readFileSync(`${CGROUP_ROOT}${path}/${file}`, 'utf8');

export function writeSetting(path: string, file: string, value: string): void {
  writeFileSync(`${CGROUP_ROOT}${path}/${file}`, value);
}

/** Null where there is no such group. */
export function countersOf(path: string): Counters | null {
  if (!existsSync(`${CGROUP_ROOT}${path}/cpu.stat`)) return null;
  const text = readSetting(path, 'cpu.stat');
  const of = (key: string): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);
  return {
    nrPeriods: of('nr_periods'),
    nrThrottled: of('nr_throttled'),
    throttledUs: of('throttled_usec'),
  };
}

const REST_MS = 500;

/** When nothing runs any more, periods are still counted until the timer of the bandwidth has found nothing to do. */
export async function countersAtRest(path: string): Promise<Counters | null> {
  const before = countersOf(path);
  await delay(REST_MS);
  const after = countersOf(path);
  return isDeepStrictEqual(before, after) ? after : countersAtRest(path);
}

/** A shell that enters the group before it does what it is told. */
export const shellIn = (path: string, script: string): ChildProcess =>
  spawn('sh', ['-c', `echo 0 > ${CGROUP_ROOT}${path}/cgroup.procs && ${script}`], { stdio: 'inherit' });

export const BUSY = 'while :; do :; done';

/** Kills all processes in the group and waits until they have left it. */
export async function killAll(path: string): Promise<void> {
  writeSetting(path, 'cgroup.kill', '1');
  await waitFor(`${path} to be empty`, () => readSetting(path, 'cgroup.events').includes('populated 0'));
}

export async function removeGroup(path: string): Promise<void> {
  await killAll(path);
  rmdirSync(CGROUP_ROOT + path);
}
