import type { Logger } from 'pino';
import type { DetectorSettings, Report } from '../detect/detector.ts';
import { GroupJudge } from '../detect/judge.ts';
import { PodJudge, type WorstContainer } from '../detect/pod-judge.ts';
import type { Emit } from '../source.ts';
import { identify } from '../identify/identify.ts';
import type { Group } from '../discover/group.ts';
import type { Probe } from '../probe.ts';
import { toMessage, type CpuThrottleMessage } from './observation.ts';
import { Portraitist } from './portrait.ts';
import type { Sender } from '../sender.ts';
import { subjectOf } from '../identify/subject.ts';
import { WatchedGroup, type Sampling } from './watched-group.ts';

export interface CpuProbeSettings {
  readonly localNames: boolean;
  readonly detector: DetectorSettings;
  readonly sender: Sender;
}

/** What the CPU probe looks at and sees. */
export interface CpuProbeStats {
  readonly limited: number;
  readonly throttled: number;
  /** Groups whose counters could not be read at the last sweep. */
  readonly unreadable: number;
  /** Groups above the pods, such as `/kubepods`, that are throttled by a quota of their own. */
  readonly throttledAbove: number;
}

/** The paths above this one, the nearest first, without the root. */
function* above(path: string): Iterable<string> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    yield path.slice(0, end);
}

/** Watches CPU bandwidth counters and tells when throttling begins, worsens, lasts and ends. */
export class CpuProbe implements Probe {
  readonly #settings: CpuProbeSettings;
  readonly #sampling: Sampling;
  readonly #log: Logger;
  readonly #groups = new Map<string, WatchedGroup<GroupJudge>>();
  /** The pods' own groups, which are judged after their containers. */
  readonly #pods = new Map<string, WatchedGroup<PodJudge>>();
  /**
   * Groups above the pods, in a cluster. Their quota throttles every pod below without a trace in the pods' own counters,
   * and their counters do not say which pod was held back. So nothing is told of a pod, and the log has the figures.
   */
  readonly #above = new Map<string, WatchedGroup<GroupJudge>>();
  /** The worst state of a pod's containers at this sweep, by the pod's UID; pods with calm ones only are left out. */
  readonly #worstOfPods = new Map<string, Exclude<WorstContainer, 'calm'>>();
  readonly #portraits: Portraitist;
  #unreadable = 0;

  constructor(settings: CpuProbeSettings, sampling: Sampling, log: Logger) {
    this.#settings = settings;
    this.#sampling = sampling;
    this.#log = log;
    this.#portraits = new Portraitist(sampling);
  }

  /** Pods that are about to be told of: before that, all of their containers must be known. */
  get doubtful(): readonly string[] {
    return [...this.#pods.values()].filter(({ judge }) => judge.isPending).map(({ group }) => group.path);
  }

  /** Groups whose files could not be read at the last sweep. */
  get unreadable(): number {
    return this.#unreadable;
  }

  welcome(group: Group): void {
    const { detector } = this.#settings;
    const { level, podUid } = group.identity;
    if (level !== 'pod' || podUid === null) {
      this.#groups.set(group.path, new WatchedGroup(this.#sampling, group, new GroupJudge(detector)));
      return;
    }
    const judge = new PodJudge(detector, () => this.#worstOfPods.get(podUid) ?? 'calm');
    this.#pods.set(group.path, new WatchedGroup(this.#sampling, group, judge));
    if (!this.#settings.localNames) this.#welcomeAbove(group.path);
  }

  sweep(emit: Emit): readonly string[] {
    const tell = (report: Report, group: Group): void => this.#tell(report, group, emit);
    const gone: string[] = [];
    this.#unreadable = 0;
    this.#worstOfPods.clear();
    this.#portraits.beginSweep();
    for (const watched of this.#groups.values()) {
      if (this.#isGone(watched, tell)) gone.push(watched.group.path);
      this.#noteContainer(watched);
    }
    for (const watched of this.#pods.values()) if (this.#isGone(watched, tell)) gone.push(watched.group.path);
    this.#sweepAbove();
    return gone;
  }

  depart(path: string, emit: Emit): void {
    const watched = this.#groups.get(path) ?? this.#pods.get(path);
    this.#groups.delete(path);
    this.#pods.delete(path);
    watched?.end((report, group) => this.#tell(report, group, emit));
  }

  stats(): CpuProbeStats {
    const all = [...this.#groups.values(), ...this.#pods.values()];
    return {
      limited: all.filter(({ hasLimit }) => hasLimit).length,
      throttled: all.filter(({ isThrottled }) => isThrottled).length,
      unreadable: this.#unreadable,
      throttledAbove: [...this.#above.values()].filter(({ isThrottled }) => isThrottled).length,
    };
  }

  close(): void {
    for (const groups of [this.#groups, this.#pods, this.#above]) {
      for (const watched of groups.values()) watched.close();
      groups.clear();
    }
  }

  #isGone(watched: WatchedGroup, tell: (report: Report, group: Group) => void): boolean {
    const outcome = watched.sample(tell);
    if (outcome === 'unreadable') this.#unreadable += 1;
    return outcome === 'gone';
  }

  #noteContainer({ group: { identity }, judge, isJudged }: WatchedGroup<GroupJudge>): void {
    const { level, podUid } = identity;
    if (level !== 'container' || podUid === null) return;
    if (judge.isThrottled) this.#worstOfPods.set(podUid, 'throttled');
    else if ((judge.isSuspect || !isJudged) && !this.#worstOfPods.has(podUid))
      this.#worstOfPods.set(podUid, 'suspect');
  }

  #welcomeAbove(podPath: string): void {
    for (const path of above(podPath)) {
      if (this.#above.has(path)) return;
      const group: Group = { path, inode: 0, bornMs: null, identity: identify(path) };
      const judge = new GroupJudge(this.#settings.detector);
      this.#above.set(path, new WatchedGroup(this.#sampling, group, judge));
    }
  }

  #sweepAbove(): void {
    for (const [path, watched] of this.#above)
      if (watched.sample((report, group) => this.#logAbove(report, group)) === 'gone') {
        watched.end((report, group) => this.#logAbove(report, group));
        this.#above.delete(path);
      }
  }

  #logAbove(report: Report, { path, identity }: Group): void {
    if (report.kind === 'summary') return;
    const { throttle_percentage, nr_periods, nr_throttled, throttled_seconds, limit_cores } = toMessage(
      report,
      subjectOf(identity, path, false),
      path,
      this.#settings.sender,
    );
    this.#log.warn(
      { cgroup: path, throttle_percentage, nr_periods, nr_throttled, throttled_seconds, limit_cores },
      `a group above pods is throttled by its own quota: ${report.kind}`,
    );
  }

  #tell(report: Report, group: Group, emit: Emit): void {
    const message = this.#messageOf(report, group);
    this.#log.debug(
      { cgroup: group.path, percent: message.throttle_percentage },
      `throttling ${report.kind}`,
    );
    emit({ message, isSummary: report.kind === 'summary' });
  }

  #messageOf(report: Report, group: Group): CpuThrottleMessage {
    const { localNames, sender } = this.#settings;
    const { path, identity } = group;
    const message = toMessage(report, subjectOf(identity, path, localNames), path, sender);
    if (report.kind !== 'ended') return { ...message, ...this.#portraits.take(group, report.window.seconds) };
    this.#portraits.forget(path);
    return message;
  }
}
