import type { Identity } from '../identify/identify.ts';
import { addCounters, countersOf, countersSince, NOTHING_COUNTED, sumOf, type Counters } from './counters.ts';
import type { CountsLine, EntryLine, ExecLine, GroupLine } from './line.ts';
import { newTally, type ProgramTally } from './program-tally.ts';
import { lineageOf, outlivesBirth, type Slot } from './slot.ts';
import { rootOf, stepOf, type Step } from './step.ts';
import { programName, type Task } from './task.ts';
import type { WallOffset } from './wall-clock.ts';

/** What is at the end of a birth: the container's own program. */
export interface Entry {
  readonly atUs: number;
  readonly program: string;
  /** Inodes of the namespaces it is in, and of those of the node; null where the kernel does not say. */
  readonly namespaces: Namespaces | null;
  readonly hostNamespaces: Namespaces | null;
}
export type Namespaces = Readonly<Record<string, number>>;

/** Whose birth it is, once a cgroup has told. */
export interface Owner {
  readonly identity: Identity;
  /** Path of the container's cgroup. */
  readonly path: string;
}

/** Programs told apart in one birth; further ones are taken together. */
const MOST_PROGRAMS = 32;
const MOST_STEPS = 16;
const MOST_CGROUPS = 256;

/** Everything seen about the birth of one container. Filled by events alone: no clock, no input or output, never throws. */
export class Birth {
  readonly id: string;
  readonly beganAtUs: number;
  readonly offset: WallOffset;
  /** From the network plugin's arguments, before any cgroup tells. */
  podUid: string | null = null;
  owner: Owner | null = null;
  /** It has a network plugin, or a shim that leads. */
  leads = false;
  entry: Entry | null = null;
  /** When nothing more was to come, or was waited for. */
  completedAtUs: number | null = null;
  /** It was told of before it was over: what still comes belongs to it. */
  mayResume = false;
  /** When something was last seen of it. */
  seenAtUs: number;
  counters: Counters = NOTHING_COUNTED;
  /** How its create, its start, or a network plugin failed. */
  failure: string | null = null;
  hasInit = false;
  hasMonitor = false;
  readonly steps: Step[] = [];
  readonly tallies = new Map<string, ProgramTally>();
  /** Why figures are missing. */
  readonly reasons = new Set<string>();
  /** Some of what it made was not counted: no sum of it is one. */
  isSpoilt = false;
  /** Slots whose counts are still to come. */
  readonly #awaited = new Set<Slot>();
  readonly #cgroups = new Set<string>();

  constructor(id: string, atUs: number, offset: WallOffset) {
    this.id = id;
    this.beganAtUs = atUs;
    this.seenAtUs = atUs;
    this.offset = offset;
  }

  get isComplete(): boolean {
    return this.completedAtUs !== null;
  }
  /** Nothing is added to it any more. */
  get isClosed(): boolean {
    return this.isComplete && !this.mayResume;
  }
  /** Cgroups made for it, in all hierarchies. */
  get cgroups(): number {
    return this.#cgroups.size;
  }
  get isOfPod(): boolean {
    return this.podUid !== null || this.owner?.identity.podUid != null;
  }
  /** The container whose namespaces the others of its pod share. One of no pod has no others. */
  get isSandbox(): boolean {
    return this.leads && this.isOfPod;
  }
  /** Programs other than those that outlive it, of which counts are still to come. */
  get awaited(): number {
    return this.#awaited.size;
  }

  /** Takes a program in that was executed for it; answers where it is counted. */
  join(exec: ExecLine, task: Task, parent: Slot | null): ProgramTally {
    this.seenAtUs = exec.at;
    this.completedAtUs = null;
    if (task.kind === 'network') {
      this.podUid ??= task.podUid;
      this.leads = true;
    }
    if (task.kind === 'shim' && task.leads && task.serves) this.leads = true;
    if (task.kind === 'init') this.hasInit = true;
    if (lineageOf(parent).some(({ task: { kind } }) => kind === 'shim') || task.kind === 'shim')
      this.hasMonitor = true;
    return this.#tallyOf(exec, task, parent);
  }

  /** Begins to wait for the counts of a slot of its own. */
  await(slot: Slot): void {
    if (!outlivesBirth(slot)) this.#awaited.add(slot);
    const step = stepOf(slot);
    if (step === null) return;
    if (this.steps.length < MOST_STEPS) this.steps.push(step);
    else this.reasons.add(`its timeline has the first ${MOST_STEPS} steps`);
  }

  /** Its own program was executed by a process of `slot`; what goes on above that is waited for until it has been counted. */
  enter(line: EntryLine, slot: Slot): void {
    this.completedAtUs = null;
    this.entry = {
      atUs: line.at,
      program: line.argv.length > 0 ? line.argv.join(' ') : line.comm,
      namespaces: line.ns ?? null,
      hostNamespaces: line.host_ns ?? null,
    };
    for (const above of lineageOf(slot)) {
      if (outlivesBirth(above) && above.endedAtUs === null) this.#awaited.add(above);
    }
  }

  /** Counts of one of its own programs, at its end. */
  countEnd(slot: Slot, line: CountsLine): void {
    if (this.isClosed) return;
    this.seenAtUs = line.at;
    if (slot.tally !== null) {
      slot.tally.running -= 1;
      slot.tally.endedAtUs = Math.max(slot.tally.endedAtUs, line.at);
    }
    this.#endStep(slot, line.at);
    // What would have outlived the birth ended before it: then this is all that there is to count.
    const isCutShort = outlivesBirth(slot) && this.entry === null;
    if (!this.#awaited.delete(slot) && !isCutShort) return;
    this.#noteFailure(slot, line);
    this.#add(slot.tally, countersOf(line, slot.name, slot.exec.argv));
  }

  /** Counts, at its entry, of a program that goes on: it gets what no earlier entry had. */
  countEntry(slot: Slot, line: CountsLine): void {
    if (!this.#awaited.delete(slot)) return;
    const now = countersOf(line, slot.name, slot.exec.argv);
    const share = slot.told === null ? now : countersSince(now, slot.told);
    this.#add(this.#shareTally(slot), share);
  }

  addCgroup({ hierarchy, id, at }: GroupLine): void {
    if (this.entry !== null && at > this.entry.atUs) return;
    if (this.#cgroups.size >= MOST_CGROUPS) this.spoil(`more than ${MOST_CGROUPS} cgroups were made for it`);
    else this.#cgroups.add(`${hierarchy} ${id}`);
  }

  /** What is still awaited will not come. */
  stopWaiting(): void {
    this.#awaited.clear();
  }

  /** Some of what it made is not known: what was counted is no sum. */
  spoil(reason: string): void {
    this.isSpoilt = true;
    this.reasons.add(reason);
  }

  #add(tally: ProgramTally | null, counters: Counters): void {
    if (counters.total === null) this.reasons.add('counting began after its first process');
    this.counters = addCounters(this.counters, counters);
    if (tally !== null) tally.total = sumOf([tally.total, counters.total]);
  }

  /** Network plugins delegate to others and run commands, and so do hooks: what they start is counted as theirs. */
  #tallyOf(exec: ExecLine, task: Task, parent: Slot | null): ProgramTally {
    const inherited = parent?.birth === this ? parent.tally : null;
    const isDelegated = task.kind === 'network' || task.kind === 'other';
    if (inherited !== null && isDelegated && (inherited.role === 'network' || inherited.role === 'other')) {
      inherited.running += 1;
      return inherited;
    }
    const role = task.kind === 'none' ? 'other' : task.kind;
    const tally = this.#tally(role, programName(exec), exec.at);
    tally.runs += 1;
    tally.running += 1;
    return tally;
  }

  /** The monitor of a pod's containers runs once, and works for each of them. */
  #shareTally(slot: Slot): ProgramTally | null {
    if (slot.birth === this) return slot.tally;
    const tally = this.#tally('shim', slot.name, this.beganAtUs);
    // It runs on.
    tally.running = Math.max(1, tally.running);
    return tally;
  }

  #tally(role: ProgramTally['role'], name: string, atUs: number): ProgramTally {
    const isFull = this.tallies.size >= MOST_PROGRAMS - 1 && !this.tallies.has(`${role} ${name}`);
    const [under, as] = isFull ? (['other', 'further programs'] as const) : ([role, name] as const);
    const key = `${under} ${as}`;
    const tally = this.tallies.get(key) ?? newTally(under, as, atUs);
    this.tallies.set(key, tally);
    return tally;
  }

  #endStep(slot: Slot, atUs: number): void {
    const root = rootOf(slot).number;
    const at = this.steps.findIndex((step) => step.slot === root);
    const step = this.steps[at];
    if (step === undefined || outlivesBirth(slot)) return;
    this.steps[at] = { ...step, endedAtUs: Math.max(step.endedAtUs ?? step.beganAtUs, atUs) };
  }

  #noteFailure({ task, name }: Slot, { exit, signal }: CountsLine): void {
    if (task.kind !== 'create' && task.kind !== 'network' && task.kind !== 'start') return;
    if (signal !== undefined) this.failure ??= `${name} was ended by signal ${signal}`;
    else if (exit !== undefined && exit !== 0) this.failure ??= `${name} ended with code ${exit}`;
  }
}
