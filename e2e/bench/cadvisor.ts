/**
 * What one sample of one container costs in CPU time: this observer, against kubelet's own cAdvisor (Kubernetes' own
 * package, built from its Go module, set up as kubelet sets it up), on the same real cgroups with a process in each.
 * Both run alone for a while with none of the groups and then with all of them, so that only the groups count.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from 'kernel-gossip-types';
import { REPOSITORY } from '../src/install.ts';
import { startProgram } from '../src/program.ts';

const GROUPS = 200;
const ROUNDS = 3;
const SETTLE_SECONDS = 12;
const WINDOW_SECONDS = 32;
const WANTED = 10;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Cost {
  readonly cpuSeconds: number;
  readonly samples: number;
}

/** The directories of all cgroup hierarchies that hold controllers of containers. */
function hierarchies(): readonly string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const version1 = mounts.flatMap(([, path = '', type]) => (type === 'cgroup' ? [path] : []));
  return version1.length > 0 ? version1 : ['/sys/fs/cgroup'];
}

/** Groups with one sleeping process each, in every hierarchy, as a container's are. */
class Containers {
  readonly path = `/kernel-gossip-bench-${process.pid}`;
  readonly #roots = hierarchies();
  readonly #processes: ChildProcess[] = [];

  /** Makes the parent alone. */
  open(): void {
    for (const root of this.#roots) mkdirSync(`${root}${this.path}`);
    this.#delegate();
  }

  fill(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const child = spawn('sleep', ['3600'], { stdio: 'ignore' });
      this.#processes.push(child);
      for (const root of this.#roots) {
        const group = `${root}${this.path}/c${index}`;
        mkdirSync(group);
        writeFileSync(`${group}/cgroup.procs`, String(child.pid));
      }
    }
  }

  async empty(): Promise<void> {
    const ended = this.#processes.splice(0).map(
      (child) =>
        new Promise((resolve) => {
          child.once('exit', resolve);
          child.kill('SIGKILL');
        }),
    );
    await Promise.all(ended);
    for (const root of this.#roots)
      for (const entry of readdirSync(`${root}${this.path}`, { withFileTypes: true }))
        if (entry.isDirectory()) await remove(`${root}${this.path}/${entry.name}`);
  }

  async close(): Promise<void> {
    await this.empty();
    for (const root of this.#roots) await remove(`${root}${this.path}`);
  }

  /** Version 1's cpusets begin empty, and version 2 hands controllers down on request: both before a process may enter. */
  #delegate(): void {
    for (const root of this.#roots) {
      const group = `${root}${this.path}`;
      const files = new Set(readdirSync(group));
      if (files.has('cpuset.cpus') && files.has('cgroup.clone_children')) {
        for (const name of ['cpuset.cpus', 'cpuset.mems'])
          writeFileSync(`${group}/${name}`, readFileSync(`${root}/${name}`));
        writeFileSync(`${group}/cgroup.clone_children`, '1');
      }
      if (files.has('cgroup.subtree_control')) {
        const given = readFileSync(`${group}/cgroup.controllers`, 'utf8').trim().split(' ').filter(Boolean);
        writeFileSync(`${group}/cgroup.subtree_control`, given.map((name) => `+${name}`).join(' '));
      }
    }
  }
}

/** A group that just lost its last process may be busy for a moment. */
async function remove(path: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(20);
    }
  }
}

/** CPU time of all threads of a process, in seconds (schedstat: nanoseconds on a CPU, first field). */
const cpuSecondsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;

async function observerCost(group: string, groups: number): Promise<Cost> {
  const observer = startProgram('packages/observer/bin/kernel-gossip-observer.js', [
    ...['--subtree', group],
    ...['--local-names', 'true'],
    ...['--url', 'http://127.0.0.1:1'],
  ]);
  try {
    await sleep(SETTLE_SECONDS * 1000);
    const before = cpuSecondsOf(observer.pid);
    await sleep(WINDOW_SECONDS * 1000);
    return { cpuSeconds: cpuSecondsOf(observer.pid) - before, samples: groups * WINDOW_SECONDS };
  } finally {
    await observer.stop();
  }
}

function cadvisorCost(program: string, group: string): Cost {
  const line = execFileSync(program, [group, String(SETTLE_SECONDS), String(WINDOW_SECONDS)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { cpu_seconds, samples } = JSON.parse(line) as { cpu_seconds: number; samples: number };
  return { cpuSeconds: cpu_seconds, samples };
}

const perSample = (none: Cost, all: Cost): number => ((all.cpuSeconds - none.cpuSeconds) / all.samples) * 1e6;

async function compare(program: string, containers: Containers): Promise<void> {
  say(`${GROUPS} real cgroups with one process each, ${ROUNDS} rounds of ${WINDOW_SECONDS} s`);
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const none = {
      observer: await observerCost(containers.path, 0),
      cadvisor: cadvisorCost(program, containers.path),
    };
    containers.fill(GROUPS);
    const all = {
      observer: await observerCost(containers.path, GROUPS),
      cadvisor: cadvisorCost(program, containers.path),
    };
    await containers.empty();
    const ours = perSample(none.observer, all.observer);
    const theirs = perSample(none.cadvisor, all.cadvisor);
    ratios.push(theirs / ours);
    say(
      `  round ${round}: observer ${ours.toFixed(1)} µs, cAdvisor ${theirs.toFixed(1)} µs (${all.cadvisor.samples} samples): ratio ${(theirs / ours).toFixed(1)}`,
    );
  }
  const worst = Math.min(...ratios);
  say(
    `${worst >= WANTED ? 'met' : 'NOT met'}: cAdvisor needs ${worst.toFixed(1)} to ${Math.max(...ratios).toFixed(1)} times the CPU per container-sample (target: at least ${WANTED})`,
  );
}

const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-cadvisor-'));
const containers = new Containers();
try {
  const program = join(directory, 'cadvisor');
  execFileSync('go', ['build', '-trimpath', '-buildvcs=false', '-o', program, './cadvisor'], {
    cwd: join(REPOSITORY, 'e2e/kubernetes'),
    stdio: 'inherit',
  });
  containers.open();
  await compare(program, containers);
} catch (error) {
  say(`the comparison could not be made: ${messageOf(error)}`);
  process.exitCode = 1;
} finally {
  await containers.close();
  rmSync(directory, { recursive: true, force: true });
}
