import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { isGoBinary } from '../src/cpu/go-binary.ts';
import { Portraitist } from '../src/cpu/portrait.ts';
import { PressureMeter } from '../src/cpu/pressure-meter.ts';
import { Processes } from '../src/cpu/processes.ts';
import { readNumbers } from '../src/cpu/read-pieces.ts';
import { readConfig } from '../src/config.ts';
import { startObserver } from '../src/observe.ts';
import { systemClock } from '../src/clock.ts';
import { findHierarchy } from '../src/hierarchy/hierarchy.ts';
import { identify } from '../src/identify/identify.ts';
import { createScratch } from '../src/sample/scratch.ts';
import { makeGroup, whyNoGroups } from './cgroup.ts';
import { makeFolder } from './folder.ts';
import { listen } from './webhook.ts';

const why = whyNoGroups();
if (why !== null) process.stderr.write(`SKIPPED: no real cgroup can be looked at here: ${why}\n`);

/** A container of its own for each test: a dying task may outlive its test. */
const idOf = (digit: string): string => digit.repeat(64);
const ROOT = `/kernel-gossip-test-portrait-${process.pid}`;
const CPU = '/sys/fs/cgroup/cpu';

/** Two worker threads that are always busy, and the main thread, which is not. */
const BUSY_NODE = `const { Worker } = require('node:worker_threads');
  for (let i = 0; i < 2; i += 1) new Worker('for (;;);', { eval: true });
  setInterval(() => undefined, 1000);`;

const until = async (holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while (!holds() && performance.now() < deadline) await sleep(50);
};

const tasksOf = ({ pid }: ChildProcess): number =>
  Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** Threads that are in their loop: of those that only begin, none has run for a fifth of a second. */
const busyTasksOf = ({ pid }: ChildProcess): number =>
  readdirSync(`/proc/${pid}/task`).filter((tid) => {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(afterName[11]) >= 20;
  }).length;

const portraitist = (): Portraitist =>
  new Portraitist({
    hierarchy: findHierarchy('/sys/fs/cgroup'),
    clock: systemClock,
    scratch: createScratch(),
  });
const groupAt = (path: string, bornMs: number | null = null) => ({
  path,
  inode: 1,
  bornMs,
  identity: identify(path),
});

describe.skipIf(why !== null)('the portrait of a real group', { timeout: 60_000 }, () => {
  const undo: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0)) await step();
  });
  afterAll(() => makeGroup(ROOT, 'last').remove());

  /** A program that runs in a group of its own, beside a shell with fewer threads. */
  const run = (digit: string, command: string, args: readonly string[]) => {
    const group = makeGroup(ROOT, idOf(digit));
    const enter = `echo $$ > '${CPU}${group.path}/cgroup.procs'`;
    const child = spawn('sh', ['-c', `${enter} && exec "$0" "$@"`, command, ...args], { stdio: 'ignore' });
    undo.unshift(async () => {
      // A throttled task takes its time to die.
      group.setQuota(null);
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await group.remove();
    });
    return { group, child };
  };

  it('shows a Node program with its threads, those that could run, and its age', async () => {
    const { group, child } = run('1', process.execPath, ['-e', BUSY_NODE]);
    const isComplete = (): boolean => /^R/m.test(stateOf(child)) && tasksOf(child) >= 8;
    await until(isComplete);
    await sleep(300);
    group.spin();
    await until(() => group.read('cgroup.procs').trim().split('\n').length === 2);
    const portrait = portraitist().take(groupAt(group.path), 1);
    expect(portrait).toEqual({
      threads: tasksOf(child) + 1,
      runnable_threads: expect.any(Number) as number,
      runtime: 'node',
      age_seconds: expect.any(Number) as number,
    });
    expect(portrait.threads).toBe(group.read('tasks').trim().split('\n').length);
    expect(portrait.runnable_threads).toBeGreaterThanOrEqual(1);
    expect(portrait.runnable_threads).toBeLessThan(portrait.threads!);
    expect(portrait.age_seconds).toBeGreaterThan(0.2);
    expect(portrait.age_seconds).toBeLessThan(60);
  });

  it('shows the threads that a quota holds back as such that could run', async () => {
    const { group, child } = run('2', process.execPath, ['-e', BUSY_NODE]);
    await until(() => busyTasksOf(child) >= 2);
    group.setQuota(0.01);
    const before = group.counters().nrThrottled;
    await until(() => group.counters().nrThrottled > before + 5);
    const [threads, looks] = [portraitist(), 20];
    const runnable = [];
    for (let look = 0; look < looks; look += 1) {
      threads.beginSweep();
      runnable.push(threads.take(groupAt(group.path), 1).runnable_threads ?? 0);
      await sleep(20);
    }
    expect(runnable.filter((count) => count >= 2).length).toBeGreaterThan(looks / 2);
  });

  it('takes the age from the group’s birth where that was seen, and tells nothing of a pod or an empty group', () => {
    const group = makeGroup(ROOT, idOf('3'));
    undo.unshift(() => group.remove());
    const born = portraitist().take(groupAt(group.path, performance.now() - 5000), 1);
    expect(born).toEqual({ age_seconds: expect.closeTo(5, 0) as number });
    expect(portraitist().take(groupAt(group.path), 1)).toEqual({});
    const pod = `${ROOT}/pod7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11`;
    expect(portraitist().take(groupAt(pod, performance.now() - 5000), 1)).toEqual({});
  });

  it('finds a container’s processes one group down, where crun puts them', async () => {
    const scope = makeGroup(ROOT, idOf('4'));
    const below = makeGroup(scope.path, 'container');
    undo.unshift(() => below.remove());
    below.spin();
    await until(() => below.read('tasks') !== '');
    expect(portraitist().take(groupAt(scope.path), 1)).toMatchObject({ threads: 1 });
  });

  it('looks at no more threads in one sweep than it may, and at none of a group with too many', async () => {
    const group = makeGroup(ROOT, idOf('5'));
    undo.unshift(async () => {
      group.setQuota(null);
      await group.remove();
    });
    for (let process = 0; process < 40; process += 1) group.spin();
    await until(() => group.read('cgroup.procs').trim().split('\n').length === 40);
    group.setQuota(0.05);
    const threads = portraitist();
    const shown = Array.from({ length: 30 }, () => threads.take(groupAt(group.path), 1));
    expect(shown.every((one) => one.threads === 40)).toBe(true);
    expect(shown[0]?.runnable_threads).toBeGreaterThan(0);
    expect(shown.at(-1)).toEqual({ threads: 40 });
    threads.beginSweep();
    expect(threads.take(groupAt(group.path), 1).runnable_threads).toBeGreaterThan(0);
  });

  it('is told when throttling begins and while it lasts, and no more when it is over', async () => {
    const operator = await listen();
    const config = readConfig(
      { url: operator.url, subtree: ROOT, interval: '250ms', 'summary-interval': '2s', kgtrace: 'off' },
      {},
    );
    const pod = `${ROOT}/pod7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11`;
    const group = makeGroup(pod, idOf('6'));
    const observer = startObserver(config, { log: pino({ level: 'silent' }) });
    undo.unshift(async () => {
      await observer.close();
      await operator.close();
      await group.remove();
    });
    group.setQuota(0.05);
    for (let process = 0; process < 3; process += 1) group.spin();
    await until(() => operator.observations().length >= 2);
    group.setQuota(null);
    await until(() => operator.observations().at(-1)?.ended === true);
    const [first, ...later] = operator.observations();
    const last = later.pop();
    for (const one of [first, ...later]) {
      expect(one).toMatchObject({ threads: 3, runtime: null, cpu_pressure_percentage: null });
      expect(one?.age_seconds).toBeGreaterThan(0);
    }
    expect([first, ...later].some((one) => (one?.runnable_threads ?? 0) >= 2)).toBe(true);
    expect(last).toMatchObject({ ended: true, threads: null, runnable_threads: null, age_seconds: null });
  });
});

const stateOf = ({ pid }: ChildProcess): string =>
  /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

describe('what runs a process', () => {
  const processes = new Processes(createScratch().buffer);
  const runtimeOf = (pid: number) => {
    const stat = processes.stat(pid);
    return stat === null ? 'gone' : processes.runtimeOf(pid, stat);
  };

  it('is told of this one, and of a shell nothing', () => {
    expect(runtimeOf(process.pid)).toBe('node');
    const shell = spawn('sh', ['-c', 'sleep 30'], { stdio: 'ignore' });
    onTestFinished(() => void shell.kill());
    expect(runtimeOf(shell.pid!)).toBeNull();
    expect(runtimeOf(2 ** 22 + 1)).toBe('gone');
    expect(processes.ageOf(processes.stat(shell.pid!)!)).toBeLessThan(60);
  });

  it('is nothing where /proc cannot be read', () => {
    const nowhere = new Processes(createScratch().buffer, '/nowhere');
    const stat = processes.stat(process.pid)!;
    expect(nowhere.stat(process.pid)).toBeNull();
    expect(nowhere.runtimeOf(process.pid, stat)).toBeNull();
    expect(nowhere.ageOf(stat)).toBeNull();
  });
});

/** The first program of this name on the path, behind all links. */
const programCalled = (name: string): string | null => {
  try {
    return realpathSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim());
  } catch {
    process.stderr.write(`SKIPPED: there is no ${name} here\n`);
    return null;
  }
};

/** As much of an ELF file as tells the names of its sections. */
const elfWith = (...sections: readonly string[]): Buffer => {
  const names = Buffer.from(['', ...sections, ''].join('\0'), 'latin1');
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  header.writeBigUInt64LE(64n, 40);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(1, 60);
  const section = Buffer.alloc(64);
  section.writeBigUInt64LE(128n, 24);
  section.writeBigUInt64LE(BigInt(names.length), 32);
  return Buffer.concat([header, section, names]);
};

describe('a compiled program', { timeout: 60_000 }, () => {
  it('is known for Go’s by its sections, and no other is', () => {
    const folder = makeFolder();
    onTestFinished(() => folder.remove());
    const file = join(folder.path, 'program');
    const isGo = (content: Buffer): boolean => {
      writeFileSync(file, content);
      return isGoBinary(file);
    };
    expect(isGo(elfWith('.text', '.go.buildinfo'))).toBe(true);
    expect(isGo(elfWith('.gopclntab', '.data'))).toBe(true);
    expect(isGo(elfWith('.text', '.data', '.not.go.buildinfo'))).toBe(false);
    for (let length = 0; length < 130; length += 1)
      expect(isGo(elfWith('.go.buildinfo').subarray(0, length))).toBe(false);
    for (const other of [process.execPath, '/bin/sh', '/etc/passwd', '/nowhere', folder.path])
      expect(isGoBinary(other)).toBe(false);
    const go = programCalled('go');
    if (go !== null) expect(isGoBinary(go)).toBe(true);
  });

  it('is known for one that OpenMP runs by its libraries', async () => {
    if (programCalled('cc') === null) return;
    const folder = makeFolder();
    onTestFinished(() => folder.remove());
    const program = join(folder.path, 'program');
    const source = `#include <unistd.h>
      int main() {
      #pragma omp parallel num_threads(4)
      { sleep(30); }
      }`;
    execFileSync('cc', ['-fopenmp', '-x', 'c', '-o', program, '-'], { input: source });
    const child = spawn(program, { stdio: 'ignore' });
    onTestFinished(() => void child.kill());
    const processes = new Processes(createScratch().buffer);
    await until(() => processes.stat(child.pid!)?.threads === 4);
    expect(processes.runtimeOf(child.pid!, processes.stat(child.pid!)!)).toBe('openmp');
  });
});

describe('a file of numbers', () => {
  it('is counted to its end, and read no further than needed', () => {
    const folder = makeFolder();
    onTestFinished(() => folder.remove());
    const file = join(folder.path, 'tasks');
    const buffer = Buffer.alloc(16);
    const numbers = Array.from({ length: 1000 }, (_, index) => 99_000 + index);
    writeFileSync(file, numbers.map((number) => `${number}\n`).join(''));
    expect(readNumbers(file, buffer, 500)).toEqual({ count: 1000, first: numbers.slice(0, 500) });
    writeFileSync(file, '');
    expect(readNumbers(file, buffer, 500)).toEqual({ count: 0, first: [] });
    writeFileSync(file, '7\n'.repeat(100_000));
    expect(readNumbers(file, Buffer.alloc(16_384), 500)).toBeNull();
    expect(readNumbers(join(folder.path, 'none'), buffer, 500)).toBeNull();
  });
});

describe('CPU pressure', () => {
  it('is measured from one report to the next, where the window is the same', () => {
    const folder = makeFolder();
    onTestFinished(() => folder.remove());
    let nowMs = 0;
    const meter = new PressureMeter(folder.path, Buffer.alloc(4096), () => nowMs);
    mkdirSync(join(folder.path, 'c'));
    const at = (ms: number, totalUs: number) => {
      nowMs = ms;
      writeFileSync(
        join(folder.path, 'c', 'cpu.pressure'),
        `some avg10=0.00 avg60=0.00 avg300=0.00 total=${totalUs}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n`,
      );
    };
    at(0, 5_000_000);
    expect(meter.since('/c', 1)).toBeNull();
    at(10_000, 12_500_000);
    expect(meter.since('/c', 10)).toBe(75);
    at(20_000, 15_000_000);
    // It tells of the last second alone.
    expect(meter.since('/c', 1)).toBeNull();
    at(30_000, 30_000_000);
    expect(meter.since('/c', 10.2)).toBe(100);
    at(40_000, 0);
    expect(meter.since('/c', 10)).toBeNull();
    at(50_000, 1_000_000);
    meter.forget('/c');
    expect(meter.since('/c', 10)).toBeNull();
    expect(meter.since('/none', 10)).toBeNull();
  });
});
