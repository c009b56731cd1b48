/**
 * What it costs to have the bandwidth counters of 1,000 groups by kgtrace's cgroup iterator: CPU time of kgtrace and of
 * this process together, for a frame that is read, decoded and taken. Beside it a C program that preads the same groups'
 * cpu.stat from descriptors that are kept open.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findHelper } from '../src/births/find-helper.ts';
import { FrameDecoder } from '../src/births/sample-frames.ts';
import { systemClock } from '../src/clock.ts';
import { BandwidthSweep } from '../src/sample/bandwidth-sweep.ts';
import { figures, quantile } from './figures.ts';
import { makeGroups, type BenchGroups } from './groups.ts';
import { startC } from './start-c.ts';

const GROUPS = 1000;
const ROUNDS = 15;
const FRAMES = 20;
const INTERVAL_MS = 50;
const WANTED = 0.5;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** CPU time of all threads of a process, in milliseconds (schedstat: nanoseconds on a CPU, first field). */
const cpuMsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;

/** A group has counters to sweep only where it has a quota. */
function giveQuotas({ hierarchy, parent, containers }: BenchGroups): void {
  for (const path of containers) {
    const directory = `${hierarchy.cpu}${parent}${path}`;
    if (hierarchy.version === 2) writeFileSync(`${directory}/cpu.max`, '50000 100000');
    else writeFileSync(`${directory}/cpu.cfs_quota_us`, '50000');
  }
}

function startSweeps(program: string) {
  // As in production: with more capabilities it has the kernel time its programs, which costs by itself.
  const child = spawn('setpriv', ['--bounding-set=-all,+bpf,+perfmon', program], {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
  });
  const decoder = new FrameDecoder();
  const sweep = new BandwidthSweep(systemClock.monotonicMs);
  let frames = 0;
  let groups = 0;
  let onFrame: () => void = () => undefined;
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    for (const batch of decoder.push(chunk)) {
      sweep.take(batch);
      groups = batch.ids.length;
      frames += 1;
      onFrame();
    }
  });
  child.stdin?.write(`births off\ninterval ${INTERVAL_MS}\n`);
  return {
    groups: () => groups,
    /** CPU milliseconds a frame, over so many of them: of kgtrace, and of this process. */
    async costMs(count: number): Promise<{ readonly kgtrace: number; readonly node: number }> {
      const from = frames;
      const before = { kgtrace: cpuMsOf(child.pid ?? 0), node: cpuMsOf(process.pid) };
      await new Promise<void>((resolve) => {
        onFrame = () => {
          if (frames - from >= count) resolve();
        };
      });
      return {
        kgtrace: (cpuMsOf(child.pid ?? 0) - before.kgtrace) / count,
        node: (cpuMsOf(process.pid) - before.node) / count,
      };
    },
    end: () => void child.stdin?.end(),
  };
}

async function compare(program: string, groups: BenchGroups, directory: string): Promise<void> {
  const paths = groups.containers.map((path) => `${groups.hierarchy.cpu}${groups.parent}${path}/cpu.stat`);
  const c = startC(directory, 'paths', paths);
  const sweeps = startSweeps(program);
  const rows = {
    kgtrace: [] as number[],
    node: [] as number[],
    kernel: [] as number[],
    c: [] as number[],
    cAgain: [] as number[],
  };
  await sweeps.costMs(FRAMES);
  for (let round = 0; round < ROUNDS; round += 1) {
    rows.c.push(await c.sweepMs('k'));
    const { kgtrace, node } = await sweeps.costMs(FRAMES);
    rows.kgtrace.push(kgtrace);
    rows.node.push(node);
    rows.kernel.push(kgtrace + node);
    rows.cAgain.push(await c.sweepMs('k'));
  }
  const ratio = (row: readonly number[]): readonly number[] =>
    row.map((value, round) => value / (rows.c[round] ?? NaN));
  say(
    `counters of ${sweeps.groups()} groups with a quota: ${groups.nature}; ${ROUNDS} interleaved rounds; median (p10 .. p90)`,
  );
  say(`  C that keeps its files open, ms a sweep          ${figures(rows.c)}`);
  say(`  kgtrace and Node, CPU ms a sweep                 ${figures(rows.kernel)}`);
  say(`    of it kgtrace                                  ${figures(rows.kgtrace)}`);
  say(`    of it Node                                     ${figures(rows.node)}`);
  say(`  ratio                                            ${figures(ratio(rows.kernel))}`);
  say(`  noise: C against itself                          ${figures(ratio(rows.cAgain))}`);
  const median = quantile(ratio(rows.kernel), 0.5);
  say(
    `  ${median <= WANTED ? 'met' : 'NOT met'}: ${median.toFixed(2)} (target: at most ${WANTED.toFixed(2)})`,
  );
  c.end();
  sweeps.end();
}

const { path } = findHelper(null);
if (path === null || !existsSync(path))
  throw new Error('kgtrace is missing: npm run build:bpf -w kernel-gossip-observer');
const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-c-'));
const groups = makeGroups(process.env.KGOSSIP_CGROUP_ROOT ?? '/sys/fs/cgroup', GROUPS);
try {
  giveQuotas(groups);
  await compare(path, groups, directory);
} finally {
  groups.remove();
  rmSync(directory, { recursive: true, force: true });
}
