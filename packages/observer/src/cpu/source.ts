import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { DetectorSettings, Report } from '../detect/detector.ts';
import { GroupJudge } from '../detect/judge.ts';
import { PodJudge, type Containers } from '../detect/pod-judge.ts';
import { createRoster } from '../discover/roster.ts';
import type { FoundGroup } from '../discover/walk.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import { identify, type Identity } from '../identify/identify.ts';
import { createScratch } from '../sample/cpu-files.ts';
import type { Emit, Source } from '../source.ts';
import { toMessage, type Sender } from './observation.ts';
import { subjectOf } from './subject.ts';
import { WatchedGroup, type Sampling } from './watched-group.ts';

export interface CpuSourceSettings {
  readonly hierarchy: Hierarchy;
  /** Path below the hierarchy, like `/kubepods`; empty for all of it. */
  readonly subtree: string;
  readonly intervalMs: number;
  readonly rescanMs: number;
  /** Also groups of no pod; and everything under names of our own, as nobody knows better ones. */
  readonly localNames: boolean;
  readonly detector: DetectorSettings;
  readonly sender: Sender;
}

/** What the CPU source has to do and did. */
export interface CpuSourceStats {
  readonly groups: number;
  readonly limited: number;
  readonly throttled: number;
  /** Groups whose counters could not be read at the last sweep. */
  readonly unreadable: number;
  readonly sweeps: number;
  /** Time that the last sweep over all groups took. */
  readonly lastSweepMs: number;
}

export interface CpuSource extends Source {
  readonly name: 'cpu';
  /** Takes one sample of every group now, after looking for new ones. `start` does so at every interval. */
  sweep(emit: Emit): void;
  stats(): CpuSourceStats;
}

/** What belongs to no pod cannot be attributed in a cluster; what a container nests is not what its limit is about. */
const isWanted = ({ level, podUid }: Identity, localNames: boolean): boolean => {
  if (level === 'helper') return false;
  return podUid === null ? localNames : level !== 'nested';
};

type Tell = (report: Report, group: WatchedGroup) => void;

class CpuThrottleSource implements CpuSource {
  readonly name = 'cpu';
  readonly #settings: CpuSourceSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sampling: Sampling;
  readonly #roster;
  readonly #groups = new Map<string, WatchedGroup<GroupJudge>>();
  /** The pods' own groups, which are judged after their containers. */
  readonly #pods = new Map<string, WatchedGroup<PodJudge>>();
  /** The worst state of a pod's containers at this sweep, by the pod's UID; pods with calm ones only are left out. */
  readonly #worstOfPods = new Map<string, Exclude<Containers['worst'], 'calm'>>();
  #scannedAtMs = -Infinity;
  #scannedNow = false;
  #timer: NodeJS.Timeout | null = null;
  #sweeps = 0;
  #unreadable = 0;
  #lastSweepMs = 0;
  #truncationTold = false;
  #unreadableTold = false;

  constructor(settings: CpuSourceSettings, clock: Clock, log: Logger) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#roster = createRoster(settings.hierarchy.cpu, settings.subtree);
    this.#sampling = {
      hierarchy: settings.hierarchy,
      scratch: createScratch(),
      clock,
    };
  }

  start(emit: Emit): void {
    const tick = (): void => {
      const startedMs = this.#clock.monotonicMs();
      this.sweep(emit);
      const tookMs = this.#clock.monotonicMs() - startedMs;
      this.#timer = setTimeout(tick, Math.max(1, this.#settings.intervalMs - tookMs));
    };
    tick();
  }

  sweep(emit: Emit): void {
    const startedMs = this.#clock.monotonicMs();
    const tell = (report: Report, group: WatchedGroup): void => this.#tell(report, group, emit);
    this.#scannedNow = this.#isScanDue(startedMs);
    if (this.#scannedNow) {
      this.#scannedAtMs = startedMs;
      this.#rescan(tell);
    }
    this.#unreadable = 0;
    this.#worstOfPods.clear();
    for (const group of this.#groups.values()) {
      this.#sample(group, tell);
      this.#noteContainer(group);
    }
    for (const pod of this.#pods.values()) this.#sample(pod, tell);
    this.#tellUnreadable();
    this.#sweeps += 1;
    this.#lastSweepMs = this.#clock.monotonicMs() - startedMs;
  }

  stats(): CpuSourceStats {
    const groups = this.#all();
    return {
      groups: groups.length,
      limited: groups.filter(({ hasLimit }) => hasLimit).length,
      throttled: groups.filter(({ isThrottled }) => isThrottled).length,
      unreadable: this.#unreadable,
      sweeps: this.#sweeps,
      lastSweepMs: this.#lastSweepMs,
    };
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const group of this.#all()) group.close();
    this.#groups.clear();
    this.#pods.clear();
  }

  #all(): readonly WatchedGroup[] {
    return [...this.#groups.values(), ...this.#pods.values()];
  }

  /** A pod that is about to be told of must have all of its containers known. */
  #isScanDue(nowMs: number): boolean {
    const { rescanMs, intervalMs } = this.#settings;
    if (nowMs - this.#scannedAtMs >= rescanMs - intervalMs / 2) return true;
    return [...this.#pods.values()].some(({ judge }) => judge.isPending);
  }

  #noteContainer({ identity: { level, podUid }, judge }: WatchedGroup<GroupJudge>): void {
    if (level !== 'container' || podUid === null) return;
    if (judge.isThrottled) this.#worstOfPods.set(podUid, 'throttled');
    else if (judge.isSuspect && !this.#worstOfPods.has(podUid)) this.#worstOfPods.set(podUid, 'suspect');
  }

  /** Takes a group off the lists. */
  #remove(path: string): WatchedGroup | undefined {
    const group = this.#groups.get(path) ?? this.#pods.get(path);
    this.#groups.delete(path);
    this.#pods.delete(path);
    return group;
  }

  #sample(group: WatchedGroup, tell: Tell): void {
    const outcome = group.sample(tell);
    if (outcome === 'unreadable') this.#unreadable += 1;
    if (outcome !== 'gone') return;
    this.#remove(group.path);
    this.#roster.forget(group.path);
    group.end(tell);
  }

  #rescan(tell: Tell): void {
    const { appeared, vanished, truncated } = this.#roster.scan();
    for (const { path } of vanished) this.#remove(path)?.end(tell);
    for (const found of appeared) this.#welcome(found);
    if (truncated && !this.#truncationTold) this.#log.warn('too many cgroups: some are not observed');
    this.#truncationTold = truncated;
  }

  /** Most likely no right to read, or no free file descriptor: said once until it is over. */
  #tellUnreadable(): void {
    const isAny = this.#unreadable > 0;
    if (isAny && !this.#unreadableTold)
      this.#log.warn({ groups: this.#unreadable }, 'cgroups cannot be read');
    this.#unreadableTold = isAny;
  }

  #welcome(found: FoundGroup): void {
    const { detector, localNames } = this.#settings;
    const identity = identify(found.path);
    if (!isWanted(identity, localNames)) return;
    const { level, podUid } = identity;
    if (level === 'pod' && podUid !== null) {
      const judge = new PodJudge(detector, () => ({
        worst: this.#worstOfPods.get(podUid) ?? 'calm',
        known: this.#scannedNow,
      }));
      this.#pods.set(found.path, new WatchedGroup(this.#sampling, found, identity, judge));
    } else {
      const judge = new GroupJudge(detector);
      this.#groups.set(found.path, new WatchedGroup(this.#sampling, found, identity, judge));
    }
  }

  #tell(report: Report, group: WatchedGroup, emit: Emit): void {
    const { localNames, sender } = this.#settings;
    const subject = subjectOf(group.identity, group.path, localNames);
    const message = toMessage(report, subject, group.path, sender);
    this.#log.debug(
      { cgroup: group.path, percent: message.throttle_percentage },
      `throttling ${report.kind}`,
    );
    emit({ message, isSummary: report.kind === 'summary' });
  }
}

/** Watches the CPU bandwidth counters of a hierarchy's groups and tells when throttling begins, worsens, lasts and ends. */
export const createCpuSource = (settings: CpuSourceSettings, clock: Clock, log: Logger): CpuSource =>
  new CpuThrottleSource(settings, clock, log);
