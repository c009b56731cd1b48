import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { systemClock } from '../src/clock.ts';
import { createCpuSource } from '../src/cpu/source.ts';
import { CpuFiles, createScratch } from '../src/sample/cpu-files.ts';
import { makeGroups, type BenchGroups } from './groups.ts';

const GROUPS = 1000;
const ROUNDS = 100;
const WARM_UP = 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN;
const figures = (values: readonly number[], digits = 2): string =>
  `${quantile(values, 0.5).toFixed(digits)}  (${quantile(values, 0.1).toFixed(digits)} .. ${quantile(values, 0.9).toFixed(digits)})`;

/** The C program, compiled now, with its answers one by one. */
function startC(directory: string, paths: readonly string[]) {
  const source = new URL('read-files.c', import.meta.url).pathname;
  const program = join(directory, 'read-files');
  const list = join(directory, 'paths');
  execFileSync('cc', ['-O2', '-o', program, source]);
  writeFileSync(list, paths.map((path) => `${path}\n`).join(''));
  const child = spawn(program, [list], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async sweepMs(mode: 'o' | 'k'): Promise<number> {
      child.stdin.write(`${mode}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the C program ended early');
      return Number(value) / 1e6;
    },
    end: () => child.stdin.end(),
  };
}

/** One sweep unmeasured and one measured, as the C program does. */
function timeMs(sweep: () => void): number {
  sweep();
  const start = performance.now();
  sweep();
  return performance.now() - start;
}

function contestants({ hierarchy, parent, names }: BenchGroups, paths: readonly string[]) {
  const scratch = createScratch();
  const files = names.map((name, index) => new CpuFiles(hierarchy, `${parent}/${name}`, index));
  const settings = {
    hierarchy,
    subtree: parent,
    intervalMs: 1000,
    localNames: true,
    detector: { enterPercent: 25, minPeriods: 5, calmSeconds: 5, summarySeconds: 10 },
    sender: { nodeName: null, source: 'bench' },
  };
  const log = pino({ level: 'silent' });
  const quiet = createCpuSource({ ...settings, rescanMs: 3_600_000 }, systemClock, log);
  const looking = createCpuSource({ ...settings, rescanMs: 0 }, systemClock, log);
  const sweepOf = (source: typeof quiet) => () => source.sweep(() => undefined);
  return {
    sampler: () => {
      for (const group of files)
        if (typeof group.read(scratch, systemClock.monotonicMs, false) === 'string')
          throw new Error('a group could not be read');
    },
    detector: sweepOf(quiet),
    everything: sweepOf(looking),
    reopening: () => {
      for (const path of paths) {
        const descriptor = openSync(path, 'r');
        readSync(descriptor, scratch.buffer, 0, scratch.buffer.length, null);
        closeSync(descriptor);
      }
    },
    close: () => {
      for (const group of files) group.close();
      quiet.close();
      looking.close();
    },
  };
}

async function compare(groups: BenchGroups, directory: string): Promise<void> {
  const paths = groups.names.map((name) => `${groups.hierarchy.cpu}${groups.parent}/${name}/cpu.stat`);
  const c = startC(directory, paths);
  const ours = contestants(groups, paths);
  const rows = {
    c: [] as number[],
    cAgain: [] as number[],
    cKept: [] as number[],
    sampler: [] as number[],
    detector: [] as number[],
    everything: [] as number[],
    reopening: [] as number[],
  };
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const times = {
      c: await c.sweepMs('o'),
      sampler: timeMs(ours.sampler),
      cAgain: await c.sweepMs('o'),
      detector: timeMs(ours.detector),
      cKept: await c.sweepMs('k'),
      everything: timeMs(ours.everything),
      reopening: timeMs(ours.reopening),
    };
    if (round < 0) continue;
    for (const name of Object.keys(rows) as (keyof typeof rows)[]) rows[name].push(times[name]);
  }
  c.end();
  ours.close();
  report(groups.nature, rows);
}

function report(nature: string, rows: Readonly<Record<string, readonly number[]>>): void {
  const row = (name: string): readonly number[] => rows[name] ?? [];
  const ratio = (name: string): readonly number[] =>
    row(name).map((value, round) => value / (row('c')[round] ?? NaN));
  say(`sampling cpu.stat of ${GROUPS} groups: ${nature}; ${ROUNDS} interleaved rounds; median (p10 .. p90)`);
  say('');
  say(
    `ratio to C that opens, reads and closes the same files, round by round (1.00 = as fast; target: at most 1.00)`,
  );
  say(`  observer: read and parse           ${figures(ratio('sampler'))}`);
  say(`  observer: read, parse and detect   ${figures(ratio('detector'))}`);
  say(`  observer: and look for new groups  ${figures(ratio('everything'))}`);
  say(`  Node that opens, reads and closes  ${figures(ratio('reopening'))}`);
  say(`  C that keeps its files open        ${figures(ratio('cKept'))}`);
  say(`  noise: C against itself            ${figures(ratio('cAgain'))}`);
  say('');
  say('milliseconds per sweep, here and now');
  say(`  C: open, read, close               ${figures(row('c'))}`);
  say(`  observer: read and parse           ${figures(row('sampler'))}`);
  const median = quantile(ratio('sampler'), 0.5);
  say('');
  say(`${median <= 1 ? 'met' : 'NOT met'}: ${median.toFixed(2)} of what C needs`);
}

const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-c-'));
const groups = makeGroups(process.env.KGOSSIP_CGROUP_ROOT ?? '/sys/fs/cgroup', GROUPS);
const cleanUp = (): void => {
  groups.remove();
  rmSync(directory, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    cleanUp();
    process.exit(1);
  });
try {
  await compare(groups, directory);
} finally {
  cleanUp();
}
