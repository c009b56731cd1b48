import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeGroups, type BenchGroups } from './groups.ts';

/**
 * How much memory the observer's process takes beside 1,000 containers, and how much CPU: as built, since to strip the types of
 * sources takes memory of its own. `npm run build` first. Whatever stands behind `--` is given to Node.
 */
const GROUPS = 1000;
const WARM_UP_MS = 10_000;
const MEASURED_MS = 30_000;
/** USER_HZ, in which the kernel tells CPU time to programs (`man 5 proc`). */
const TICKS_PER_SECOND = 100;

const bin = new URL('../bin/kernel-gossip-observer.js', import.meta.url);
/** What the first line of the program's own bin tells Node. */
const SHIPPED = (/^#!.* node (.*)$/m.exec(readFileSync(bin, 'utf8'))?.[1] ?? '').split(' ');

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A figure of `/proc/<pid>/status`, in MiB. */
function mib(pid: number, name: string): number {
  const [, kib] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

/** The programs that a process started: kgtrace, where it is built and may run. */
const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** CPU time of a process so far, in seconds. The fields begin behind the program's name, which may hold anything. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const cpuOfAll = (pid: number): number =>
  [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuSeconds(one), 0);

async function measure(flags: readonly string[], { parent }: BenchGroups, root: string): Promise<void> {
  const args = [
    '--url',
    'http://127.0.0.1:1',
    '--cgroup-root',
    root,
    '--subtree',
    parent,
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, [...flags, program, ...args], { stdio: 'ignore' });
  const { pid } = child;
  if (pid === undefined) throw new Error('the observer could not be started');
  try {
    await sleep(WARM_UP_MS);
    if (child.exitCode !== null) throw new Error(`the observer ended with code ${child.exitCode}`);
    const before = cpuOfAll(pid);
    await sleep(MEASURED_MS);
    const share = ((cpuOfAll(pid) - before) * 1000 * 100) / MEASURED_MS;
    say(`node ${flags.join(' ')}`);
    const own = mib(pid, 'VmRSS');
    const helpers = childrenOf(pid).reduce((sum, child) => sum + mib(child, 'VmRSS'), 0);
    const total = ((own + helpers) * 1024 ** 2) / 1e6;
    say(
      `  resident: Node ${own.toFixed(1)} MiB, kgtrace ${helpers === 0 ? 'not running' : `${helpers.toFixed(1)} MiB`}; together ${total.toFixed(1)} MB (target: at most 80)`,
    );
    say(`  CPU ${share.toFixed(1)} % of a core, kgtrace's own included`);
  } finally {
    child.kill();
  }
}

if (!existsSync(program)) throw new Error(`${program} is missing: npm run build`);
const root = process.env.KGOSSIP_CGROUP_ROOT ?? '/sys/fs/cgroup';
const groups = makeGroups(root, GROUPS);
const stop = (): void => {
  groups.remove();
  process.exit(1);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
try {
  say(`${GROUPS} containers in ${groups.pods.length} pods: ${groups.nature}`);
  const given = process.argv.slice(2);
  for (const flags of given.length > 0 ? [given] : [[], SHIPPED]) await measure(flags, groups, root);
} finally {
  groups.remove();
}
