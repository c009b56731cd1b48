import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Done, Phase } from './load.ts';
import type { Stretch } from './truth.ts';

// Records what a kernel counts about real loads under real quotas, once a second, into traces/. Needs root and version 1.

const ROOT = '/sys/fs/cgroup/cpu';
const SECONDS = 600;
/** Ten times the usual weight: what holds these loads back shall be their quota and not who else runs on the machine. */
const SHARES = 10_240;

interface Recording {
  readonly name: string;
  readonly about: string;
  readonly limitCores: number;
  readonly processes: number;
  /** Whether somebody waits for each piece of work. */
  readonly isServing: boolean;
  /** When it asks for more than its quota for a minute or longer, in seconds since the start. */
  readonly real: readonly Stretch[];
  readonly phases: readonly Phase[];
}

const every = (fromSecond: number, workMs: number, everyMs: number): Phase => ({
  fromSecond,
  workMs,
  everyMs,
  random: false,
});
const atRandom = (fromSecond: number, workMs: number, everyMs: number): Phase => ({
  ...every(fromSecond, workMs, everyMs),
  random: true,
});
const nothing = (fromSecond: number): Phase => every(fromSecond, 0, 0);

const RECORDINGS: readonly Recording[] = [
  {
    name: 'sidecar-wakes',
    about: '3 ms of work every 15 s under 20m',
    limitCores: 0.02,
    processes: 1,
    isServing: false,
    real: [],
    phases: [every(0, 3, 15_000)],
  },
  {
    name: 'sidecar-scraped',
    about: '25 ms of work every 30 s under 20m',
    limitCores: 0.02,
    processes: 1,
    isServing: false,
    real: [],
    phases: [every(0, 25, 30_000)],
  },
  {
    name: 'busy',
    about: '2 busy processes under 200m from second 60 on',
    limitCores: 0.2,
    processes: 2,
    isServing: false,
    real: [{ from: 60, to: 600 }],
    phases: [nothing(0), every(60, 25, 25)],
  },
  {
    name: 'bursts',
    about: '2 processes that work 180 ms every 1.5 s under 500m, from second 30 to 330',
    limitCores: 0.5,
    processes: 2,
    isServing: true,
    real: [{ from: 30, to: 330 }],
    phases: [nothing(0), every(30, 180, 1500), nothing(330)],
  },
  {
    name: 'web',
    about: 'requests of 5 ms, 25 a second under 350m; 90 a second from second 120 to 240 and 360 to 480',
    limitCores: 0.35,
    processes: 1,
    isServing: true,
    real: [
      { from: 120, to: 240 },
      { from: 360, to: 480 },
    ],
    phases: [
      atRandom(0, 5, 40),
      atRandom(120, 5, 11),
      atRandom(240, 5, 40),
      atRandom(360, 5, 11),
      atRandom(480, 5, 40),
    ],
  },
  {
    name: 'cron',
    about: '2 s of work every 120 s under 250m',
    limitCores: 0.25,
    processes: 1,
    isServing: false,
    real: [],
    phases: [every(0, 2000, 120_000)],
  },
  {
    name: 'beat',
    about: '20 ms of work every second under 100m from second 60 to 400, then 6 ms',
    limitCores: 0.1,
    processes: 1,
    isServing: true,
    real: [{ from: 60, to: 400 }],
    phases: [nothing(0), every(60, 20, 1000), every(400, 6, 1000)],
  },
];

interface Running {
  readonly recording: Recording;
  readonly group: string;
  readonly children: readonly ChildProcess[];
  readonly done: Done[];
  readonly rows: (readonly number[])[];
}

const counter = (text: string, key: string): number =>
  Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);

function countersOf(group: string): readonly [periods: number, throttled: number, throttledUs: number] {
  const text = readFileSync(`${group}/cpu.stat`, 'utf8');
  return [
    counter(text, 'nr_periods'),
    counter(text, 'nr_throttled'),
    Math.round(counter(text, 'throttled_time') / 1000),
  ];
}

async function prepare(recording: Recording): Promise<Running> {
  const group = `${ROOT}/kernel-gossip-bench-${process.pid}-${recording.name}`;
  const done: Done[] = [];
  const children = Array.from({ length: recording.processes }, () =>
    fork(new URL('./load.ts', import.meta.url)),
  );
  mkdirSync(group);
  writeFileSync(`${group}/cpu.shares`, String(SHARES));
  writeFileSync(`${group}/cpu.cfs_quota_us`, String(recording.limitCores * 100_000));
  for (const child of children) {
    child.send({ phases: recording.phases, seconds: SECONDS });
    await once(child, 'message');
    child.on('message', (message) => done.push(message as Done));
    writeFileSync(`${group}/cgroup.procs`, String(child.pid));
  }
  return { recording, group, children, done, rows: [] };
}

/** Requests that were due in each second and how long they took on average. */
function served(
  { done, recording }: Running,
  second: number,
): readonly [requests: number, latencyMs: number] {
  if (!recording.isServing) return [0, 0];
  const due = done.filter(({ dueMs }) => Math.floor(dueMs / 1000) === second);
  const sum = due.reduce((total, { latencyMs }) => total + latencyMs, 0);
  return [due.length, due.length === 0 ? 0 : Math.round((10 * sum) / due.length) / 10];
}

function write(running: Running): void {
  const { recording, rows } = running;
  const { name, about, limitCores, processes, isServing, real } = recording;
  const header = { about, limitCores, processes, isServing, real, kernel: release(), cgroup: 1 };
  const lines = rows.map((row, second) => [...row, ...served(running, second)].join(','));
  const columns = 'ms,periods,throttled,throttled_us,requests,latency_ms';
  const text = [`# ${JSON.stringify(header)}`, columns, ...lines, ''].join('\n');
  writeFileSync(new URL(`./traces/${name}.csv`, import.meta.url), text);
}

async function end({ group, children }: Running): Promise<void> {
  for (const child of children) child.kill('SIGKILL');
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      rmdirSync(group);
      return;
    } catch {
      await sleep(100);
    }
  }
}

async function sampleAll(all: readonly Running[]): Promise<void> {
  const startMs = performance.now();
  const before = new Map(all.map(({ group }) => [group, { atMs: startMs, counters: countersOf(group) }]));
  for (let second = 1; second <= SECONDS; second += 1) {
    await sleep(startMs + second * 1000 - performance.now());
    for (const { group, rows } of all) {
      const atMs = performance.now();
      const counters = countersOf(group);
      const last = before.get(group);
      if (last === undefined) continue;
      const deltas = counters.map((value, index) => value - (last.counters[index] ?? 0));
      rows.push([Math.round(atMs - last.atMs), ...deltas]);
      before.set(group, { atMs, counters });
    }
  }
}

const all: Running[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void Promise.all(all.map(end)).then(() => process.exit(1)));
try {
  for (const recording of RECORDINGS) all.push(await prepare(recording));
  for (const { children } of all) for (const child of children) child.send('begin');
  await sampleAll(all);
  all.forEach(write);
} finally {
  await Promise.all(all.map(end));
}
