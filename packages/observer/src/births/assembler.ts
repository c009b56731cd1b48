import { identify } from '../identify/identify.ts';
import { Birth } from './birth.ts';
import { countersOf } from './counters.ts';
import type { CountsLine, EntryLine, ExecLine, GroupLine, StatsLine, TraceLine } from './line.ts';
import { keyOf, PodBirths, podPathOf } from './pod-births.ts';
import { lineageOf, type Slot } from './slot.ts';
import { programName, taskOf, type Task } from './task.ts';
import { wallOffset, type WallOffset } from './wall-clock.ts';

/** How much is kept at most, oldest first to go. */
export interface AssemblerLimits {
  readonly pods: number;
  readonly birthsPerPod: number;
  /** Births in all pods, and of those whose pod is not known yet. */
  readonly births: number;
  readonly slots: number;
}

const LIMITS: AssemblerLimits = { pods: 2000, birthsPerPod: 64, births: 4000, slots: 20_000 };

/** The programs of a birth end within milliseconds of its entry; on a node under load, seconds. */
const COUNTS_WITHIN_US = 5e6;
/** The tracer itself counts no longer than this for one birth (bpf/PROTOCOL.md, "window"). */
const ENTRY_WITHIN_US = 60e6;
/** What ended and was followed by nothing for so long has failed: one program after another is a matter of milliseconds. */
const QUIET_US = 0.5e6;
/** An ended program's children may still be told of. */
const KEEP_ENDED_US = 5e6;

/** A shim, its runtime, the runtime's init and its hooks are some five. */
const DEEPEST = 64;

/** What the assembler has to do and did. */
export interface AssemblerStats {
  /** Births that began and are not complete. */
  readonly open: number;
  readonly complete: number;
  /** Of those, the ones with figures missing. */
  readonly incomplete: number;
  /** Births given up to stay within limits, or as the tracer had not told its clock. */
  readonly forgotten: number;
  /** Births of which nobody ever said whose they are. */
  readonly unowned: number;
  /** Events that the tracer lost, and programs that it could not follow. */
  readonly lostEvents: number;
  readonly pods: number;
}

/**
 * Puts births together from the tracer's lines, in their order. Time is what the lines say. The same lines make the same
 * births; any lines at all are taken without an error.
 */
export class BirthAssembler {
  readonly #limits: AssemblerLimits;
  readonly #slots = new Map<number, Slot>();
  /** The newest birth of each container. */
  readonly #births = new Map<string, Birth>();
  readonly #pods = new Map<string, PodBirths>();
  readonly #podOf = new WeakMap<Birth, PodBirths>();
  #changed = new Set<PodBirths>();
  #dropped: PodBirths[] = [];
  #offset: WallOffset | null = null;
  #nowUs = 0;
  #statsAtUs = 0;
  #lostAtStats = 0;
  /** Who entered last: counts of its ancestors follow. */
  #entering: { readonly slot: Slot; readonly birth: Birth | null } | null = null;
  #complete = 0;
  #incomplete = 0;
  #forgotten = 0;
  #unowned = 0;
  #lostEvents = 0;

  constructor(limits: AssemblerLimits = LIMITS) {
    this.#limits = limits;
  }

  stats(): AssemblerStats {
    return {
      open: [...this.#births.values()].filter(({ isComplete }) => !isComplete).length,
      complete: this.#complete,
      incomplete: this.#incomplete,
      forgotten: this.#forgotten,
      unowned: this.#unowned,
      lostEvents: this.#lostEvents,
      pods: this.#pods.size,
    };
  }

  /** Pods of which there is something new to tell since this was last asked. */
  takeChanged(): readonly PodBirths[] {
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }

  /** Pods of which nothing more will be told, as they are gone or had to give way. */
  takeDropped(): readonly PodBirths[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  take(line: TraceLine): void {
    if ('at' in line) this.#nowUs = Math.max(this.#nowUs, line.at);
    switch (line.t) {
      case 'clock':
        this.#offset = wallOffset(line);
        return;
      case 'mkdir':
        this.#made(line);
        return;
      case 'rmdir':
        this.#removed(line);
        return;
      case 'exec':
        this.#executed(line);
        return;
      case 'entry':
        this.#entered(line);
        return;
      case 'counts':
        this.#counted(line);
        return;
      case 'stats':
        this.#tick(line);
        return;
      case 'hello':
        // Another tracer, whose counters are its own.
        this.#lostAtStats = 0;
        return;
      case 'bye':
        return;
    }
  }

  /** The tracer ended, or stopped looking: what it had not told is not known, and no slot goes on. */
  interrupt(why: string): void {
    for (const birth of this.#open()) {
      birth.stopWaiting();
      birth.mayResume = true;
      const pod = this.#podOf.get(birth);
      if (pod !== undefined) pod.lostEvents = null;
      this.#giveUp(birth, why);
    }
    this.#slots.clear();
    this.#entering = null;
  }

  #open(): readonly Birth[] {
    return [...this.#births.values()].filter(({ isComplete }) => !isComplete);
  }

  #made(line: GroupLine): void {
    const { path, at, slot } = line;
    const identity = identify(path);
    if (identity.level === 'pod' && identity.podUid !== null) {
      this.#pod(identity.podUid, at, path)?.addGroup(line);
      return;
    }
    const bySlot = slot === undefined ? null : (this.#slots.get(slot)?.birth ?? null);
    const birth = bySlot ?? this.#births.get(identity.containerId ?? '') ?? null;
    if (birth === null || birth.isClosed) return;
    birth.addCgroup(line);
    this.#own(birth, path);
  }

  #removed(line: GroupLine): void {
    // Version 1 removes a group once for each hierarchy; one of them is enough.
    if (line.hierarchy !== 0 && line.cpu !== true) return;
    const { podUid, level } = identify(line.path);
    const pod = this.#pods.get(podUid ?? line.path);
    if (pod !== undefined && (podUid === null || level === 'pod')) this.#drop(pod, 'its cgroup was removed');
  }

  #executed(line: ExecLine): void {
    const parent = this.#parentOf(line);
    const task = taskOf(line);
    const birth = this.#birthOf(line, task, parent);
    const slot: Slot = {
      number: line.slot,
      parent,
      depth: parent === null ? 0 : parent.depth + 1,
      exec: line,
      name: programName(line),
      task,
      birth,
      tally: birth?.join(line, task, parent) ?? null,
      endedAtUs: null,
      told: null,
    };
    this.#slots.set(line.slot, slot);
    this.#boundSlots();
    if (birth === null) return;
    birth.await(slot);
    if (birth.podUid !== null && !this.#podOf.has(birth)) this.#adopt(birth, birth.podUid);
  }

  /** A program that executes the next for ever must not keep all of them in memory. */
  #parentOf(line: ExecLine): Slot | null {
    const parent = this.#slots.get(line.parent) ?? null;
    if (parent === null || parent.depth < DEEPEST) return parent;
    openOrNull(parent.birth)?.spoil(`more than ${DEEPEST} programs started each other`);
    return null;
  }

  /** Whose birth a program was executed for: the one that it names, else that of whatever started it. */
  #birthOf(line: ExecLine, task: Task, parent: Slot | null): Birth | null {
    if (task.kind === 'none') return null;
    if (task.kind === 'init' || task.kind === 'other') return openOrNull(parent?.birth);
    const known = this.#births.get(task.id);
    return openOrNull(known) ?? (mayBegin(task, known) ? this.#begin(task.id, line.at) : null);
  }

  #begin(id: string, atUs: number): Birth | null {
    if (this.#offset === null) {
      this.#forgotten += 1;
      return null;
    }
    const birth = new Birth(id, atUs, this.#offset);
    this.#births.delete(id);
    this.#births.set(id, birth);
    this.#boundBirths();
    return birth;
  }

  #entered(line: EntryLine): void {
    const slot = this.#slots.get(line.slot);
    if (slot === undefined) return;
    const birth = openOrNull(slot.birth);
    this.#entering = { slot, birth };
    if (birth === null) return;
    birth.enter(line, slot);
    if (line.cgroup !== undefined) this.#own(birth, line.cgroup);
    this.#settle(birth);
  }

  #counted(line: CountsLine): void {
    const slot = this.#slots.get(line.slot);
    if (slot === undefined) return;
    if (line.why === 'entry') this.#countedAtEntry(slot, line);
    else {
      slot.endedAtUs = line.at;
      slot.birth?.countEnd(slot, line);
      if (slot.birth !== null) this.#settle(slot.birth);
    }
  }

  #countedAtEntry(slot: Slot, line: CountsLine): void {
    const birth = this.#entering?.birth ?? null;
    const isAncestor = this.#entering !== null && lineageOf(this.#entering.slot).includes(slot);
    if (birth !== null && isAncestor) {
      birth.countEntry(slot, line);
      this.#settle(birth);
    }
    // An exec into a container is no birth, but what the monitor did for it is not the next birth's either.
    slot.told = countersOf(line, slot.name, slot.exec.argv);
  }

  /** Says whose birth it is, by the path of a cgroup that was made for it or that it entered. */
  #own(birth: Birth, path: string): void {
    const identity = identify(path);
    if (birth.owner !== null && birth.owner.path === path) return;
    if (identity.level === 'helper') return;
    birth.owner = { identity, path };
    const pod = this.#adopt(birth, keyOf(identity, path));
    if (pod !== null) pod.path ??= identity.podUid === null ? path : podPathOf(path);
  }

  /** Files a birth under its pod; a cgroup that it enters goes before what one made earlier had said. */
  #adopt(birth: Birth, key: string): PodBirths | null {
    const pod = this.#pod(key, birth.beganAtUs, null);
    const before = this.#podOf.get(birth);
    if (pod === null || pod === before) return pod;
    if (before !== undefined) this.#leave(birth, before);
    this.#podOf.set(birth, pod);
    pod.births.delete(birth.id);
    pod.births.set(birth.id, birth);
    this.#boundBirthsOf(pod);
    return pod;
  }

  #leave(birth: Birth, pod: PodBirths): void {
    pod.births.delete(birth.id);
    if (pod.births.size === 0 && pod.groupMadeAtUs === null) this.#pods.delete(pod.key);
  }

  #pod(key: string, atUs: number, groupPath: string | null): PodBirths | null {
    const known = this.#pods.get(key);
    if (known !== undefined) return known;
    if (this.#offset === null) return null;
    const pod = new PodBirths(key, atUs, this.#offset, groupPath);
    this.#pods.set(key, pod);
    const [oldest] = this.#pods.values();
    if (this.#pods.size > this.#limits.pods && oldest !== undefined) this.#forget(oldest);
    return pod;
  }

  /** A birth whose counts have all come is complete. */
  #settle(birth: Birth): void {
    if (birth.entry !== null && birth.awaited === 0) this.#finish(birth);
  }

  #finish(birth: Birth): void {
    if (birth.isComplete) return;
    birth.completedAtUs = this.#nowUs;
    if (birth.entry !== null) birth.mayResume = false;
    if (isMonitorUnseen(birth)) birth.spoil('its shim had been running before the tracer');
    this.#complete += 1;
    if (birth.reasons.size > 0) this.#incomplete += 1;
    const pod = this.#podOf.get(birth);
    if (pod === undefined) this.#unowned += 1;
    else this.#changed.add(pod);
  }

  #tick(line: StatsLine): void {
    this.#noteLosses(line);
    for (const birth of this.#open()) this.#judge(birth);
    for (const [number, { endedAtUs }] of this.#slots) {
      if (endedAtUs !== null && this.#nowUs - endedAtUs > KEEP_ENDED_US) this.#slots.delete(number);
    }
    for (const [id, birth] of this.#births) {
      const isOld = birth.isComplete && this.#nowUs - birth.seenAtUs > ENTRY_WITHIN_US;
      if (isOld && !this.#podOf.has(birth)) this.#births.delete(id);
    }
    this.#statsAtUs = line.at;
  }

  /** A loss touches whatever was open at some time since the tracer last said how many there were. */
  #noteLosses({ lost = 0, refused = 0 }: StatsLine): void {
    const delta = lost + refused - this.#lostAtStats;
    this.#lostAtStats = lost + refused;
    if (delta <= 0) return;
    this.#lostEvents += delta;
    const pods = new Set<PodBirths>();
    for (const birth of this.#births.values()) {
      if ((birth.completedAtUs ?? Infinity) < this.#statsAtUs) continue;
      birth.spoil('events were lost');
      const pod = this.#podOf.get(birth);
      if (pod === undefined) continue;
      pods.add(pod);
      if (birth.isComplete) this.#changed.add(pod);
    }
    for (const pod of pods) if (pod.lostEvents !== null) pod.lostEvents += delta;
  }

  /** Nothing more will come of it: it failed, or was waited for long enough. */
  #judge(birth: Birth): void {
    const { entry, failure } = birth;
    if (entry !== null) {
      if (this.#nowUs - entry.atUs > COUNTS_WITHIN_US)
        this.#giveUp(birth, 'programs of its birth did not end');
      return;
    }
    const isQuiet = birth.awaited === 0 && this.#nowUs - birth.seenAtUs > QUIET_US;
    if (isQuiet && (failure !== null || birth.hasInit)) {
      birth.reasons.add(`${failure ?? 'it ended'} before its own program ran`);
      this.#finish(birth);
    } else if (this.#nowUs - birth.beganAtUs > ENTRY_WITHIN_US) {
      birth.mayResume = true;
      this.#giveUp(birth, 'its own program did not run within 60 s');
    }
  }

  #giveUp(birth: Birth, why: string): void {
    birth.spoil(why);
    this.#finish(birth);
  }

  #drop(pod: PodBirths, why: string): void {
    for (const birth of pod.births.values()) {
      if (!birth.isComplete) this.#giveUp(birth, `${why} before its birth was over`);
      if (this.#births.get(birth.id) === birth) this.#births.delete(birth.id);
    }
    this.#pods.delete(pod.key);
    this.#dropped.push(pod);
  }

  #forget(pod: PodBirths): void {
    this.#forgotten += pod.births.size;
    this.#drop(pod, 'too many pods were born');
  }

  #boundBirthsOf(pod: PodBirths): void {
    if (pod.births.size <= this.#limits.birthsPerPod) return;
    const [oldest] = pod.births.values();
    if (oldest === undefined) return;
    pod.births.delete(oldest.id);
    pod.forgotten += 1;
    this.#forgotten += 1;
    if (this.#births.get(oldest.id) === oldest) this.#births.delete(oldest.id);
  }

  #boundBirths(): void {
    const [oldest] = this.#births.values();
    if (this.#births.size <= this.#limits.births || oldest === undefined) return;
    const pod = this.#podOf.get(oldest);
    if (pod !== undefined) this.#forget(pod);
    if (!this.#births.delete(oldest.id) || pod !== undefined) return;
    this.#forgotten += 1;
  }

  #boundSlots(): void {
    const [oldest] = this.#slots.values();
    if (this.#slots.size <= this.#limits.slots || oldest === undefined) return;
    this.#slots.delete(oldest.number);
    const { birth } = oldest;
    if (birth !== null && !birth.isComplete) birth.spoil('too many programs ran at once');
  }
}

const openOrNull = (birth: Birth | null | undefined): Birth | null =>
  birth?.isClosed === false ? birth : null;

/**
 * Container ids are used once, but docker starts a stopped container under its old one, and so may a person: then it is born
 * again. A network may be added to one that runs, and `start` is about one that was created.
 */
const mayBegin = ({ kind }: Task, known: Birth | undefined): boolean =>
  kind === 'shim' || kind === 'create' || (kind === 'network' && known === undefined);

/** Whom a runtime's daemon starts is watched by a shim; whom a person starts need not be. */
const isMonitorUnseen = ({ entry, owner, hasMonitor }: Birth): boolean =>
  entry !== null &&
  !hasMonitor &&
  owner !== null &&
  owner.identity.manager !== 'cgroup' &&
  owner.identity.manager !== 'systemd';
