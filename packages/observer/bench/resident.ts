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

/** Little young space, and no compiler whose code and threads cost more memory than the sampler's own work. */
const SMALL = ['--max-semi-space-size=1', '--no-opt', '--single-threaded', '--optimize-for-size'];

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A figure of `/proc/<pid>/status`, in MiB. */
const mib = (pid: number, name: string): string => {
  const [, kib] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return kib === undefined ? 'not measured' : `${(Number(kib) / 1024).toFixed(1)} MiB`;
};

/** CPU time of a process so far, in seconds. The fields begin behind the program's name, which may hold anything. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

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
    const before = cpuSeconds(pid);
    await sleep(MEASURED_MS);
    const share = ((cpuSeconds(pid) - before) * 1000 * 100) / MEASURED_MS;
    say(`node ${flags.join(' ')}`);
    say(
      `  resident ${mib(pid, 'VmRSS')}, of which its own ${mib(pid, 'RssAnon')}; most so far ${mib(pid, 'VmHWM')}`,
    );
    say(`  CPU ${share.toFixed(1)} % of a core`);
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
  for (const flags of given.length > 0 ? [given] : [[], SMALL]) await measure(flags, groups, root);
} finally {
  groups.remove();
}
