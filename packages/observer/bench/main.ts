import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../src/clock.ts';
import { DETECTOR_DEFAULTS } from '../src/detect/settings.ts';
import { CpuFiles } from '../src/sample/cpu-files.ts';
import { createScratch } from '../src/sample/scratch.ts';
import { Sampler } from '../src/watch/sampler.ts';
import { figures, quantile } from './figures.ts';
import { makeGroups, type BenchGroups } from './groups.ts';
import { startC } from './start-c.ts';

const GROUPS = 1000;
const ROUNDS = 100;
const WARM_UP = 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** One sweep unmeasured and one measured, as the C program does. */
function timeMs(sweep: () => void): number {
  sweep();
  const start = performance.now();
  sweep();
  return performance.now() - start;
}

/** What this costs the process, in milliseconds of CPU time. */
function cpuMs(sweep: () => void): number {
  const before = process.cpuUsage();
  sweep();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The files of one group that every sweep reads. */
const FILES = {
  1: { pod: [], container: ['memory.usage_in_bytes', 'memory.oom_control'] },
  2: { pod: ['memory.current', 'memory.events'], container: ['memory.current', 'memory.events'] },
} as const;

function filesOf({ hierarchy, parent, pods, containers }: BenchGroups): readonly string[] {
  const { cpu, memory, version } = hierarchy;
  const of = (path: string, names: readonly string[]): readonly string[] => [
    `${cpu}${parent}${path}/cpu.stat`,
    ...(memory === null ? [] : names.map((name) => `${memory}${parent}${path}/${name}`)),
  ];
  return [
    ...containers.flatMap((path) => of(path, FILES[version].container)),
    ...pods.flatMap((path) => of(path, FILES[version].pod)),
  ];
}

function contestants({ hierarchy, parent, containers }: BenchGroups, paths: readonly string[]) {
  const scratch = createScratch();
  const files = containers.map((path, index) => new CpuFiles(hierarchy, `${parent}${path}`, index));
  const sampler = new Sampler(
    {
      hierarchy,
      subtree: parent,
      intervalMs: 1000,
      rescanMs: 30_000,
      localNames: false,
      detector: DETECTOR_DEFAULTS,
      sender: { nodeName: null, source: 'bench' },
    },
    systemClock,
    pino({ level: 'silent' }),
  );
  return {
    counters: () => {
      for (const group of files)
        if (typeof group.read(scratch, systemClock.monotonicMs, false) === 'string')
          throw new Error('a group could not be read');
    },
    everything: () => sampler.sweep(() => undefined),
    snapshot: () => {
      for (const { cpu } of sampler.snapshot())
        if (cpu.nrPeriods === null) throw new Error('nothing was read');
    },
    reopening: () => {
      for (const path of paths) {
        const descriptor = openSync(path, 'r');
        readSync(descriptor, scratch.buffer, 0, scratch.buffer.length, null);
        closeSync(descriptor);
      }
    },
    close: () => {
      for (const group of files) group.close(scratch.descriptors);
      sampler.close();
    },
  };
}

async function compare(groups: BenchGroups, directory: string): Promise<void> {
  const stats = groups.containers.map((path) => `${groups.hierarchy.cpu}${groups.parent}${path}/cpu.stat`);
  const all = filesOf(groups);
  const c = startC(directory, 'stats', stats);
  const cAll = startC(directory, 'all', all);
  const ours = contestants(groups, stats);
  const rows = {
    c: [] as number[],
    cAgain: [] as number[],
    cKept: [] as number[],
    counters: [] as number[],
    reopening: [] as number[],
    cAll: [] as number[],
    cAllKept: [] as number[],
    everything: [] as number[],
    everythingCpu: [] as number[],
  };
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const times = {
      c: await c.sweepMs('o'),
      counters: timeMs(ours.counters),
      cAgain: await c.sweepMs('o'),
      reopening: timeMs(ours.reopening),
      cKept: await c.sweepMs('k'),
      cAll: await cAll.sweepMs('o'),
      everything: timeMs(ours.everything),
      cAllKept: await cAll.sweepMs('k'),
      everythingCpu: cpuMs(ours.everything),
    };
    if (round < 0) continue;
    for (const name of Object.keys(rows) as (keyof typeof rows)[]) rows[name].push(times[name]);
  }
  const snapshotMs = cpuMs(ours.snapshot);
  c.end();
  cAll.end();
  ours.close();
  report(groups.nature, rows, all.length, snapshotMs);
}

function report(
  nature: string,
  rows: Readonly<Record<string, readonly number[]>>,
  files: number,
  snapshotMs: number,
): void {
  const row = (name: string): readonly number[] => rows[name] ?? [];
  const ratio = (name: string, to: string): readonly number[] =>
    row(name).map((value, round) => value / (row(to)[round] ?? NaN));
  const verdict = (value: number, most: number, unit: string): string =>
    `${value <= most ? 'met' : 'NOT met'}: ${value.toFixed(2)}${unit}`;
  say(
    `${GROUPS} containers in ${GROUPS / 2} pods: ${nature}; ${ROUNDS} interleaved rounds; median (p10 .. p90)`,
  );
  say('');
  say(
    `cpu.stat of the containers; ratio to C that opens, reads and closes the same files (target: at most 1.00)`,
  );
  say(`  observer: read and parse            ${figures(ratio('counters', 'c'))}`);
  say(`  Node that opens, reads and closes   ${figures(ratio('reopening', 'c'))}`);
  say(`  C that keeps its files open         ${figures(ratio('cKept', 'c'))}`);
  say(`  noise: C against itself             ${figures(ratio('cAgain', 'c'))}`);
  say(`  ${verdict(quantile(ratio('counters', 'c'), 0.5), 1, ' of what C needs')}`);
  say('');
  say(
    `a whole sweep: CPU and memory of containers and pods, judged; ratio to C that opens, reads and closes the`,
  );
  say(`${files} files that every sweep reads`);
  say(`  observer: a whole sweep             ${figures(ratio('everything', 'cAll'))}`);
  say(`  C that keeps its files open         ${figures(ratio('cAllKept', 'cAll'))}`);
  say('');
  say('here and now');
  say(`  C: open, read, close cpu.stat, ms   ${figures(row('c'))}`);
  say(`  observer: read and parse it, ms     ${figures(row('counters'))}`);
  say(`  C: open, read, close all, ms        ${figures(row('cAll'))}`);
  say(`  observer: a whole sweep, ms         ${figures(row('everything'))}`);
  say(`  the same, CPU time, ms              ${figures(row('everythingCpu'))}`);
  say(`  everything for metrics, CPU time, ms ${snapshotMs.toFixed(0)}`);
  // One sweep a second: a tenth of its milliseconds is its share of a core in percent.
  const share = quantile(row('everythingCpu'), 0.5) / 10;
  say(`  ${verdict(share, 2, ' % of a core at one sweep a second (target: at most 2 %)')}`);
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
