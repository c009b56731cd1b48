import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Sender } from '../sender.ts';
import { CpuProbe, type CpuProbeStats } from '../cpu/probe.ts';
import type { DetectorSettings } from '../detect/detector.ts';
import { Roster } from '../discover/roster.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import { identify } from '../identify/identify.ts';
import { MEMORY_SETTINGS } from '../memory/detector.ts';
import { MemoryProbe, type MemoryProbeStats } from '../memory/probe.ts';
import { BandwidthSweep, type BandwidthBatch } from '../sample/bandwidth-sweep.ts';
import { createScratch } from '../sample/scratch.ts';
import type { Emit, Source } from '../source.ts';
import { isWanted, type Group } from '../discover/group.ts';
import type { Probe } from '../probe.ts';
import { readingOf } from './read-group.ts';
import type { ContainerReading } from './reading.ts';

export interface SamplerSettings {
  readonly hierarchy: Hierarchy;
  /** Path below the hierarchy, like `/kubepods`; empty for all of it. */
  readonly subtree: string;
  readonly intervalMs: number;
  /** Time between two walks over the tree, which find what was not announced. */
  readonly rescanMs: number;
  /** Also groups of no pod; and everything under names of our own, as nobody knows better ones. */
  readonly localNames: boolean;
  readonly detector: DetectorSettings;
  readonly sender: Sender;
}

/** What the sampler has to do and did. */
export interface SamplerStats {
  readonly groups: number;
  /** Directories that are watched for new groups; null where there are not watches enough, so that each sweep walks the tree. */
  readonly watches: number | null;
  /** Files that are kept open. */
  readonly files: number;
  readonly sweeps: number;
  /** Time that the last sweep over all groups took. */
  readonly lastSweepMs: number;
  readonly cpu: CpuProbeStats;
  /** Null where there is no memory controller. */
  readonly memory: MemoryProbeStats | null;
}

/** A group that came or went, as the kernel or anyone else tells of it. */
export interface Announcement {
  /** Path below the hierarchy of the cpu controller. */
  readonly path: string;
  readonly kind: 'mkdir' | 'rmdir';
}

/** A sweep of the kernel that is later than this, in intervals, is not waited for. */
const LATE = 1.5;

/** The groups of a machine, and what is sampled of them. */
export class Sampler implements Source {
  readonly name = 'cgroups';
  readonly #settings: SamplerSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #scratch = createScratch();
  readonly #bandwidth: BandwidthSweep;
  readonly #roster: Roster;
  readonly #groups = new Map<string, Group>();
  readonly #cpu: CpuProbe;
  readonly #memory: MemoryProbe | null;
  readonly #probes: readonly Probe[];
  #emit: Emit = () => undefined;
  #intervalMs: number;
  #timer: NodeJS.Timeout | null = null;
  #sweeps = 0;
  #lastSweepMs = 0;
  #truncationTold = false;
  #unreadableTold = false;
  #walkingTold = false;

  constructor(settings: SamplerSettings, clock: Clock, log: Logger) {
    const { hierarchy, subtree, intervalMs, rescanMs, localNames, detector, sender } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#intervalMs = intervalMs;
    // A timer is never early, so that half an interval keeps it from being one sweep late.
    const roster = { root: hierarchy.cpu, subtree, rescanMs: rescanMs - intervalMs / 2 };
    this.#roster = new Roster(roster, clock.monotonicMs);
    this.#bandwidth = new BandwidthSweep(clock.monotonicMs);
    const sampling = { hierarchy, scratch: this.#scratch, clock, bandwidth: this.#bandwidth };
    this.#cpu = new CpuProbe({ localNames, detector, sender }, sampling, log);
    this.#memory = this.#memoryProbe();
    this.#probes = this.#memory === null ? [this.#cpu] : [this.#cpu, this.#memory];
  }

  start(emit: Emit): void {
    this.#emit = emit;
    this.#tick(this.#intervalMs);
  }

  /**
   * Takes the kernel's own sweep over the groups with a quota, and a sample of everything right after it. As long as such
   * sweeps come, they set the pace.
   */
  takeBandwidth(batch: BandwidthBatch): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#bandwidth.take(batch);
    this.#tick(this.#intervalMs * LATE);
  }

  /** Takes one sample of every group now, after a look for new ones. `start` does so at every interval. */
  sweep(emit: Emit): void {
    const startedMs = this.#clock.monotonicMs();
    this.#discover(emit);
    for (const probe of this.#probes)
      for (const path of probe.sweep(emit)) {
        this.#depart(path, emit);
        this.#roster.forget(path);
      }
    this.#tellUnreadable();
    this.#sweeps += 1;
    this.#lastSweepMs = this.#clock.monotonicMs() - startedMs;
  }

  /** What is observed now. */
  groups(): Iterable<Group> {
    return this.#groups.values();
  }

  /** Says that a group was made or removed, for whoever hears of it before or beside inotify. It is looked at with the next sweep. */
  announce({ path }: Announcement): void {
    this.#roster.announce(path);
  }

  /** From the next sweep on, this is the time between two. */
  setIntervalMs(intervalMs: number): void {
    this.#intervalMs = intervalMs;
  }

  /**
   * Everything that is counted about each pod and container, read while it is asked for: 20 files or so for each, so that whoever
   * asks for many had better pause now and then.
   */
  *snapshot(): Generator<ContainerReading> {
    for (const group of [...this.#groups.values()]) {
      const reading = readingOf(group, this.#settings.hierarchy, this.#scratch.buffer, this.#clock);
      if (reading !== null) yield reading;
    }
  }

  stats(): SamplerStats {
    return {
      groups: this.#groups.size,
      watches: this.#roster.isWatching ? this.#roster.watches : null,
      files: this.#scratch.descriptors.kept,
      sweeps: this.#sweeps,
      lastSweepMs: this.#lastSweepMs,
      cpu: this.#cpu.stats(),
      memory: this.#memory?.stats() ?? null,
    };
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#roster.close();
    for (const probe of this.#probes) probe.close();
    this.#groups.clear();
  }

  #tick(nextMs: number): void {
    const startedMs = this.#clock.monotonicMs();
    this.sweep(this.#emit);
    const tookMs = this.#clock.monotonicMs() - startedMs;
    this.#timer = setTimeout(() => this.#tick(this.#intervalMs), Math.max(1, nextMs - tookMs));
  }

  #memoryProbe(): MemoryProbe | null {
    const { hierarchy, localNames, detector, sender } = this.#settings;
    const { version, memory: root } = hierarchy;
    if (root === null) return null;
    const { calmSeconds, summarySeconds } = detector;
    const settings = { ...MEMORY_SETTINGS, calmSeconds, summarySeconds };
    const sampling = { version, root, scratch: this.#scratch, clock: this.#clock, settings };
    return new MemoryProbe({ localNames, sender }, sampling, this.#log);
  }

  #discover(emit: Emit): void {
    const { appeared, vanished, truncated } = this.#roster.changes(this.#cpu.doubtful);
    for (const { path } of vanished) this.#depart(path, emit);
    for (const found of appeared) {
      const identity = identify(found.path);
      if (!isWanted(identity, found.path, this.#settings.localNames)) continue;
      const group: Group = { ...found, identity };
      this.#groups.set(found.path, group);
      for (const probe of this.#probes) probe.welcome(group);
    }
    if (truncated && !this.#truncationTold) this.#log.warn('too many cgroups: some are not observed');
    this.#truncationTold = truncated;
    if (!this.#roster.isWatching && !this.#walkingTold)
      this.#log.warn(
        'too few inotify watches (fs.inotify.max_user_watches): the tree is walked at each sweep',
      );
    this.#walkingTold = !this.#roster.isWatching;
  }

  #depart(path: string, emit: Emit): void {
    if (!this.#groups.delete(path)) return;
    for (const probe of this.#probes) probe.depart(path, emit);
  }

  /** Most likely no right to read, or no free file descriptor: said once until it is over. */
  #tellUnreadable(): void {
    const cpu = this.#cpu.unreadable;
    const memory = this.#memory?.unreadable ?? 0;
    const isAny = cpu + memory > 0;
    if (isAny && !this.#unreadableTold) this.#log.warn({ cpu, memory }, 'cgroups cannot be read');
    this.#unreadableTold = isAny;
  }
}
