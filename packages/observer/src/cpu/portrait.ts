import type { CpuThrottle } from 'kernel-gossip-types';
import type { Clock } from '../clock.ts';
import type { Group } from '../discover/group.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import type { Scratch } from '../sample/scratch.ts';
import { PressureMeter } from './pressure-meter.ts';
import { MOST_NAMES, Processes } from './processes.ts';
import { readNumbers } from './read-pieces.ts';
import type { TaskStat } from './task-stat.ts';

type PortraitField = 'threads' | 'runnable_threads' | 'runtime' | 'cpu_pressure_percentage' | 'age_seconds';

/** What is told of a throttled group beside its counters. What was not measured is absent. */
export type Portrait = Partial<Pick<CpuThrottle, PortraitField>>;

/** What portraits are taken with. */
export interface PortraitDeps {
  readonly hierarchy: Hierarchy;
  readonly clock: Clock;
  readonly scratch: Scratch;
}

/** A group with more threads is not asked which of them could run: one costs some 12 us. */
const MOST_THREADS = 512;
/** Nor are more files of threads read than this in one sweep, however many groups are told of. */
const MOST_IN_SWEEP = 1024;
const MOST_PROCESSES = 64;
/** Threads come and go meanwhile. Where more than this share cannot be read, it is a right that is missing. */
const MOST_UNREAD = 0.1;

const TASKS = { 1: 'tasks', 2: 'cgroup.threads' } as const;
/** crun moves a container's processes one group down, to let systemd have the scope itself. */
const PLACES = ['', '/container'];

interface Leader {
  readonly pid: number;
  readonly stat: TaskStat;
}

const rounded = (value: number): number => Math.round(value * 1e3) / 1e3;

/** Looks at what runs in a throttled group, at the moment at which it is told of. */
export class Portraitist {
  readonly #deps: PortraitDeps;
  readonly #processes: Processes;
  readonly #pressure: PressureMeter | null;
  #readsLeft = MOST_IN_SWEEP;

  constructor(deps: PortraitDeps) {
    const { hierarchy, clock, scratch } = deps;
    this.#deps = deps;
    this.#processes = new Processes(scratch.buffer);
    // Version 1 has no pressure of its groups.
    this.#pressure =
      hierarchy.version === 2 ? new PressureMeter(hierarchy.cpu, scratch.buffer, clock.monotonicMs) : null;
  }

  beginSweep(): void {
    this.#readsLeft = MOST_IN_SWEEP;
  }

  /** Of a pod's own group there is nothing to see: all of its processes are in its containers'. */
  take({ path, bornMs, identity }: Group, windowSeconds: number): Portrait {
    if (identity.level === 'pod') return {};
    const directory = this.#directoryOf(path);
    const leaders = this.#leadersIn(directory);
    const pressure = this.#pressure?.since(path, windowSeconds) ?? null;
    const age = bornMs === null ? this.#ageOf(leaders) : (this.#deps.clock.monotonicMs() - bornMs) / 1000;
    return present({
      ...this.#threadsIn(directory),
      runtime: this.#runtimeOf(leaders),
      cpu_pressure_percentage: pressure === null ? null : rounded(pressure),
      age_seconds: age === null ? null : rounded(age),
    });
  }

  /** What is told of the group is over. */
  forget(path: string): void {
    this.#pressure?.forget(path);
  }

  #directoryOf(path: string): string {
    const { hierarchy, scratch } = this.#deps;
    const places = PLACES.map((place) => `${hierarchy.cpu}${path}${place}`);
    const isInhabited = (place: string): boolean =>
      (readNumbers(`${place}/cgroup.procs`, scratch.buffer, 0)?.count ?? 0) > 0;
    return places.find(isInhabited) ?? places[0] ?? '';
  }

  #threadsIn(directory: string): Pick<Portrait, 'threads' | 'runnable_threads'> {
    const { hierarchy, scratch } = this.#deps;
    const file = `${directory}/${TASKS[hierarchy.version]}`;
    const tids = readNumbers(file, scratch.buffer, MOST_THREADS);
    // A group without a thread cannot be throttled: they are where we cannot see them.
    if (tids === null || tids.count === 0) return {};
    return { threads: tids.count, runnable_threads: this.#runnableAmong(tids.first, tids.count) };
  }

  #runnableAmong(tids: readonly number[], count: number): number | null {
    if (count > tids.length || !this.#affords(count)) return null;
    const stats = tids.map((tid) => this.#processes.stat(tid)).filter((stat) => stat !== null);
    return count - stats.length > count * MOST_UNREAD
      ? null
      : stats.filter(({ state }) => state === 'R').length;
  }

  /** Null where some processes cannot be seen, for any of them may be the main one, or the oldest. */
  #leadersIn(directory: string): readonly Leader[] | null {
    const pids = readNumbers(`${directory}/cgroup.procs`, this.#deps.scratch.buffer, MOST_PROCESSES);
    if (pids === null || pids.count > pids.first.length || !this.#affords(pids.count)) return null;
    const leaders: Leader[] = [];
    for (const pid of pids.first) {
      const stat = this.#processes.stat(pid);
      if (stat === null) return null;
      leaders.push({ pid, stat });
    }
    return leaders;
  }

  /** The process with the most threads is what the container is there for: not a shell around it, nor a probe. */
  #runtimeOf(leaders: readonly Leader[] | null): string | null {
    const [main] = leaders?.toSorted((one, other) => other.stat.threads - one.stat.threads) ?? [];
    if (main === undefined || !this.#affords(Math.min(MOST_NAMES, main.stat.threads))) return null;
    return this.#processes.runtimeOf(main.pid, main.stat);
  }

  #affords(reads: number): boolean {
    if (reads > this.#readsLeft) return false;
    this.#readsLeft -= reads;
    return true;
  }

  #ageOf(leaders: readonly Leader[] | null): number | null {
    const [oldest] = leaders?.toSorted((one, other) => one.stat.startTicks - other.stat.startTicks) ?? [];
    return oldest === undefined ? null : this.#processes.ageOf(oldest.stat);
  }
}

/** A null means not measured, and need not be sent. */
const present = (portrait: Portrait): Portrait =>
  Object.fromEntries(Object.entries(portrait).filter(([, value]) => value !== null));
