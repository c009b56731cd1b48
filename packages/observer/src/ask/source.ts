import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Group } from '../discover/group.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import { subjectOf } from '../identify/subject.ts';
import { createScratch } from '../sample/scratch.ts';
import type { Sender } from '../sender.ts';
import type { Emit, Source } from '../source.ts';
import type { GroupReading, MeasuredWindow } from './group-reading.ts';
import { toMeasurementMessage } from './observation.ts';
import { beginMeasuring, measure, type PodWindows } from './pod-windows.ts';
import { WatchListPoller, type Get } from './poller.ts';
import { readGroup } from './read-group.ts';

export interface MeasuringSettings {
  readonly hierarchy: Hierarchy;
  /** Time between two readings, in milliseconds. */
  readonly intervalMs: number;
  readonly sender: Sender;
}

export interface MeasuringDeps {
  readonly get: Get;
  /** What is known now. */
  readonly groups: () => Iterable<Group>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface MeasuringSource extends Source {
  readonly name: 'measuring';
  /** From the next reading on, this is the time between two. */
  setIntervalMs(intervalMs: number): void;
  /** Takes one reading of every group of these pods now, and forgets all others. */
  sweep(podUids: ReadonlySet<string>, emit: Emit): void;
}

/**
 * The group of a pod's sandbox has no limit and runs nothing, and the operator knows no container of its id. A container
 * of which that is so is no one's concern either.
 */
const isIdle = ({ identity }: Group, { limits, counted }: MeasuredWindow): boolean =>
  identity.level === 'container' &&
  limits.cpu === null &&
  limits.memoryBytes === null &&
  counted.usageUs === 0;

class PodMeasuringSource implements MeasuringSource {
  readonly name = 'measuring';
  readonly #settings: MeasuringSettings;
  readonly #deps: MeasuringDeps;
  readonly #poller: WatchListPoller;
  readonly #buffer: Buffer;
  readonly #pods = new Map<string, PodWindows>();
  #intervalMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(settings: MeasuringSettings, deps: MeasuringDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#poller = new WatchListPoller(settings.sender.nodeName, deps);
    this.#buffer = createScratch().buffer;
    this.#intervalMs = settings.intervalMs;
  }

  start(emit: Emit): void {
    this.#poller.start();
    const tick = (): void => {
      this.sweep(this.#poller.podUids, emit);
      this.#timer = setTimeout(tick, this.#intervalMs);
    };
    tick();
  }

  setIntervalMs(intervalMs: number): void {
    this.#intervalMs = intervalMs;
  }

  sweep(podUids: ReadonlySet<string>, emit: Emit): void {
    for (const podUid of this.#pods.keys()) if (!podUids.has(podUid)) this.#pods.delete(podUid);
    if (podUids.size === 0) return;
    const found = this.#groupsOf(podUids);
    for (const podUid of podUids) {
      const groups = found.get(podUid);
      if (groups === undefined) this.#pods.delete(podUid);
      else this.#measure(podUid, groups, emit);
    }
  }

  close(): void {
    this.#poller.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#pods.clear();
  }

  #groupsOf(podUids: ReadonlySet<string>): ReadonlyMap<string, ReadonlyMap<string, Group>> {
    const found = new Map<string, Map<string, Group>>();
    for (const group of this.#deps.groups()) {
      const { podUid } = group.identity;
      if (podUid === null || !podUids.has(podUid)) continue;
      const groups = found.get(podUid) ?? new Map<string, Group>();
      found.set(podUid, groups.set(group.path, group));
    }
    return found;
  }

  #measure(podUid: string, groups: ReadonlyMap<string, Group>, emit: Emit): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const before = this.#pods.get(podUid) ?? beginMeasuring(nowMs);
    const { windows, told } = measure(before, this.#read(groups), nowMs);
    this.#pods.set(podUid, windows);
    for (const { path, window } of told) {
      const group = groups.get(path);
      if (group !== undefined && !isIdle(group, window)) this.#tell(group, window, emit);
    }
  }

  #read(groups: ReadonlyMap<string, Group>): ReadonlyMap<string, GroupReading> {
    const readings = new Map<string, GroupReading>();
    for (const [path, group] of groups) {
      const { hierarchy } = this.#settings;
      const reading = readGroup(group, hierarchy, this.#buffer, this.#deps.clock.monotonicMs);
      if (reading !== null) readings.set(path, reading);
    }
    return readings;
  }

  #tell({ identity, path }: Group, window: MeasuredWindow, emit: Emit): void {
    const { sender } = this.#settings;
    const end = { path, endMs: this.#deps.clock.wallMs() };
    const message = toMeasurementMessage(window, subjectOf(identity, path, false), end, sender);
    // A later one says the same more freshly.
    emit({ message, isSummary: true });
  }
}

/**
 * Measures the pods that the operator asks for, with all of their containers, whether anything is wrong with them or not. It
 * reads their files by itself: what else is sampled skips groups that are calm or have no quota.
 */
export const createMeasuringSource = (settings: MeasuringSettings, deps: MeasuringDeps): MeasuringSource =>
  new PodMeasuringSource(settings, deps);
