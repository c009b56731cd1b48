import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Sender } from '../sender.ts';
import { subjectOf } from '../identify/subject.ts';
import type { Identity } from '../identify/identify.ts';
import type { Emit, Source } from '../source.ts';
import type { NetworkReport } from './detector.ts';
import { NamespaceReader } from './namespace.ts';
import { toNetworkMessage } from './observation.ts';
import { ProcessFinder } from './process-finder.ts';
import { createFileBuffer } from './read-whole.ts';
import type { NetworkDetectorSettings } from './settings.ts';
import { WatchedPod, type NetworkSampling, type PodGroup, type PodOutcome } from './watched-pod.ts';
import type { NetworkReading } from './window.ts';

export interface NetworkSourceSettings {
  /** Directory of a hierarchy in which the pods' groups have their processes: version 2's, or any of version 1's. */
  readonly cgroupRoot: string;
  /** Where `proc` is mounted: that of the PID namespace in which all pods are visible. */
  readonly procRoot: string;
  /** How often each pod is read. */
  readonly intervalMs: number;
  /** Containers of no pod stand for pods, under names of our own. */
  readonly localNames: boolean;
  readonly detector: NetworkDetectorSettings;
  readonly sender: Sender;
}

export interface NetworkSourceStats {
  readonly pods: number;
  /** Pods whose last reading succeeded. */
  readonly sampled: number;
  /** Pods with the machine's own network: nothing is said of theirs. */
  readonly hostNetwork: number;
  /** Pods of which nothing could be read the last time: no process, none visible from here, no right. */
  readonly unread: number;
  /** Pods of which something is told. */
  readonly troubled: number;
  /** Time that the last round took. */
  readonly lastRoundMs: number;
}

/** The counters of a pod's network as they were read last. */
export interface PodNetworkReading extends NetworkReading {
  readonly path: string;
  readonly identity: Identity;
}

export interface NetworkSource extends Source {
  readonly name: 'network';
  /** Reads each pod once in every interval, a part of them at a time. */
  start(emit: Emit): void;
  close(): void;
  /** Reads every pod now. */
  sweep(emit: Emit): void;
  stats(): NetworkSourceStats;
  /** Null figures were not measured. */
  snapshot(): Iterable<PodNetworkReading>;
}

/** Rounds in an interval: so many parts of the pods are read one after the other. */
const PARTS = 10;

const isWanted = ({ level, podUid }: Identity, localNames: boolean): boolean =>
  podUid === null ? localNames && level === 'container' : level === 'pod';

/** What is said of pods that could not be looked at, once until it is over; pods come and go, so the rest says nothing. */
const COMPLAINTS: Readonly<Partial<Record<PodOutcome, string>>> = {
  invisible: 'processes of pods are not visible from this PID namespace: their network is not measured',
  unreadable: 'network counters of pods cannot be read',
};

class PodNetworkSource implements NetworkSource {
  readonly name = 'network';
  readonly #settings: NetworkSourceSettings;
  readonly #groups: () => Iterable<PodGroup>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sampling: NetworkSampling;
  readonly #pods = new Map<string, WatchedPod>();
  /** The pods of each part; a pod stays in its part, so that it is read at even intervals. */
  readonly #parts: readonly Set<WatchedPod>[] = Array.from({ length: PARTS }, () => new Set());
  readonly #complained = new Set<string>();
  #next = 0;
  #timer: NodeJS.Timeout | null = null;
  #lastRoundMs = 0;

  constructor(settings: NetworkSourceSettings, groups: () => Iterable<PodGroup>, clock: Clock, log: Logger) {
    const buffer = createFileBuffer();
    this.#settings = settings;
    this.#groups = groups;
    this.#clock = clock;
    this.#log = log;
    this.#sampling = {
      processes: new ProcessFinder(settings.cgroupRoot, buffer),
      namespaces: new NamespaceReader(settings.procRoot, clock, buffer),
      clock,
      detector: settings.detector,
    };
    if (!this.#sampling.namespaces.knowsHost)
      log.warn('the machine’s own network namespace is not known: no pod’s network is measured');
  }

  start(emit: Emit): void {
    const tick = (): void => {
      this.#round([this.#parts[this.#next] ?? []], emit);
      this.#next = (this.#next + 1) % PARTS;
      this.#timer = setTimeout(tick, Math.max(1, this.#settings.intervalMs / PARTS - this.#lastRoundMs));
    };
    tick();
  }

  sweep(emit: Emit): void {
    this.#round(this.#parts, emit);
  }

  stats(): NetworkSourceStats {
    const outcomes = [...this.#pods.values()].map(({ outcome }) => outcome);
    const count = (...wanted: readonly PodOutcome[]): number =>
      outcomes.filter((outcome) => outcome !== null && wanted.includes(outcome)).length;
    return {
      pods: outcomes.length,
      sampled: count('sampled'),
      hostNetwork: count('host'),
      unread: count('none', 'invisible', 'unreadable', 'fleeting'),
      troubled: [...this.#pods.values()].filter(({ isTroubled }) => isTroubled).length,
      lastRoundMs: this.#lastRoundMs,
    };
  }

  *snapshot(): Generator<PodNetworkReading> {
    for (const { path, identity, reading } of this.#pods.values())
      if (reading !== null) yield { path, identity, ...reading };
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#pods.clear();
    for (const part of this.#parts) part.clear();
  }

  #round(parts: readonly Iterable<WatchedPod>[], emit: Emit): void {
    const startedMs = this.#clock.monotonicMs();
    this.#refresh(emit);
    for (const part of parts) for (const pod of part) this.#tell(pod.sample(), pod, emit);
    this.#complain();
    this.#lastRoundMs = this.#clock.monotonicMs() - startedMs;
  }

  /** Brings the pods up to what is known now. */
  #refresh(emit: Emit): void {
    const gone = new Set(this.#pods.keys());
    for (const group of this.#groups()) {
      if (!isWanted(group.identity, this.#settings.localNames)) continue;
      gone.delete(group.path);
      if (!this.#pods.has(group.path)) this.#welcome(group);
    }
    for (const path of gone) this.#dismiss(path, emit);
  }

  #welcome(group: PodGroup): void {
    const pod = new WatchedPod(this.#sampling, group);
    this.#pods.set(group.path, pod);
    const [first, ...rest] = this.#parts;
    rest.reduce((least, part) => (part.size < (least?.size ?? 0) ? part : least), first)?.add(pod);
  }

  #dismiss(path: string, emit: Emit): void {
    const pod = this.#pods.get(path);
    if (pod === undefined) return;
    this.#pods.delete(path);
    for (const part of this.#parts) part.delete(pod);
    this.#tell(pod.end(), pod, emit);
  }

  #tell(report: NetworkReport | null, { identity, path }: WatchedPod, emit: Emit): void {
    if (report === null) return;
    const { localNames, sender } = this.#settings;
    const message = toNetworkMessage(report, subjectOf(identity, path, localNames), path, sender);
    this.#log.debug(
      { cgroup: path, symptom: message.symptom, percent: message.failure_percentage },
      `network issue ${report.kind}`,
    );
    emit({ message, isSummary: report.kind === 'summary' });
  }

  #complain(): void {
    for (const [outcome, words] of Object.entries(COMPLAINTS)) {
      const isSo = [...this.#pods.values()].some((pod) => pod.outcome === outcome);
      if (isSo && !this.#complained.has(outcome)) this.#log.warn(words);
      if (isSo) this.#complained.add(outcome);
      else this.#complained.delete(outcome);
    }
  }
}

/**
 * Watches the network of the pods among the given groups, and tells when it begins to fail, worsens, lasts and ends. `groups`
 * yields what is known now; others than pods are left out. Reads `/proc/<pid>/net` of one process of each pod.
 */
export const createNetworkSource = (
  settings: NetworkSourceSettings,
  groups: () => Iterable<PodGroup>,
  clock: Clock,
  log: Logger,
): NetworkSource => new PodNetworkSource(settings, groups, clock, log);
