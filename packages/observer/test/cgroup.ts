import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CPU = '/sys/fs/cgroup/cpu';
const USAGE = '/sys/fs/cgroup/cpuacct';

/** A real cgroup of version 1 made for one test, in which processes really run. */
export interface RealGroup {
  /** Path below the hierarchy. */
  readonly path: string;
  setQuota(cores: number | null): void;
  /** Keeps one core busy, or tries to. */
  spin(): ChildProcess;
  read(file: string): string;
  counters(): { readonly nrPeriods: number; readonly nrThrottled: number; readonly throttledNs: number };
  /** Kills what was spun and removes the group and its own parent. */
  remove(): Promise<void>;
}

const quietly = (action: () => void): void => {
  try {
    action();
  } catch {
    // Gone already.
  }
};

/** Why no group can be made here, or null where one can. */
export function whyNoGroups(): string | null {
  const probe = `${CPU}/kernel-gossip-test-${process.pid}-probe`;
  try {
    readFileSync(`${CPU}/cpu.cfs_quota_us`);
    mkdirSync(probe);
    rmdirSync(probe);
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Makes `<parent>/<name>` in both hierarchies; the parent is the test's own. */
export function makeGroup(parent: string, name: string): RealGroup {
  const path = `${parent}/${name}`;
  for (const root of [CPU, USAGE]) mkdirSync(`${root}${path}`, { recursive: true });
  const children: ChildProcess[] = [];
  const read = (file: string): string => readFileSync(`${CPU}${path}/${file}`, 'utf8');
  return {
    path,
    read,
    setQuota(cores) {
      writeFileSync(
        `${CPU}${path}/cpu.cfs_quota_us`,
        cores === null ? '-1' : String(Math.round(cores * 100_000)),
      );
    },
    spin() {
      const join = [CPU, USAGE].map((root) => `echo $$ > '${root}${path}/cgroup.procs'`).join(' && ');
      const child = spawn('sh', ['-c', `${join} && while :; do :; done`], { stdio: 'ignore' });
      children.push(child);
      return child;
    },
    counters() {
      const of = (key: string): number =>
        Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(read('cpu.stat'))?.[1]);
      return {
        nrPeriods: of('nr_periods'),
        nrThrottled: of('nr_throttled'),
        throttledNs: of('throttled_time'),
      };
    },
    async remove() {
      for (const child of children) child.kill('SIGKILL');
      const gone = children.map((child) =>
        child.exitCode === null && child.signalCode === null
          ? new Promise((resolve) => child.once('exit', resolve))
          : Promise.resolve(null),
      );
      await Promise.all(gone);
      // A dead task leaves its group a moment after its parent knows.
      await sleep(50);
      for (const directory of [path, parent])
        for (const root of [CPU, USAGE]) quietly(() => rmdirSync(`${root}${directory}`));
    },
  };
}
