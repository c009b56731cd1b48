import type { Logger } from 'pino';
import type { Sender } from '../sender.ts';
import { subjectOf } from '../identify/subject.ts';
import type { Identity } from '../identify/identify.ts';
import type { MemoryFileSettings } from '../sample/memory-files.ts';
import type { Emit } from '../source.ts';
import type { Group } from '../discover/group.ts';
import type { Probe } from '../probe.ts';
import type { MemoryReport } from './detector.ts';
import { EMPTY_LEDGER, settle, type KillLedger } from './kill-ledger.ts';
import { toMemoryMessage } from './observation.ts';
import { WatchedMemory, type MemorySampling } from './watched-group.ts';

export interface MemoryProbeSettings {
  readonly localNames: boolean;
  readonly sender: Sender;
}

/** What the memory probe looks at and sees. */
export interface MemoryProbeStats {
  readonly limited: number;
  /** Groups of which it was told that they are short of memory, and not yet that this is over. */
  readonly pressed: number;
  /** Groups whose files could not be read at the last sweep. */
  readonly unreadable: number;
  /** Processes that the OOM killer was seen to kill since the start. */
  readonly oomKills: number;
}

/** A pod's own group, and what is known of its containers. */
interface Pod {
  readonly memory: WatchedMemory;
  ledger: KillLedger;
  /** Kills in containers since the ledger was settled. */
  killsInContainers: number;
  /** Whether a container is short of memory at this sweep. */
  isShadowed: boolean;
}

/**
 * In version 1 a pod's own group counts no kill but of processes of its own, of which it has none as a rule: there is nothing
 * about it that has to be known within a second.
 */
const POD_EVERY = 5;

/**
 * A pod's containers are told of for themselves, with whatever runs in groups below them. What belongs to no pod is told of level
 * by level, so that each level tells only of its own processes; and a slice or a plain directory waits whenever something in
 * it does.
 */
const filesFor = ({ podUid, level, unit }: Identity, stallReadMs: number): MemoryFileSettings => {
  const isInner = level === 'group' || unit?.endsWith('.slice') === true;
  return { killsBelow: podUid !== null, stallReadMs: podUid === null && isInner ? null : stallReadMs };
};

/** Watches memory and tells when it runs short, lasts short and is enough again, and of every process that was killed for it. */
export class MemoryProbe implements Probe {
  readonly #settings: MemoryProbeSettings;
  readonly #sampling: MemorySampling;
  readonly #log: Logger;
  readonly #groups = new Map<string, WatchedMemory>();
  /** By path, judged after their containers. */
  readonly #pods = new Map<string, Pod>();
  readonly #podsByUid = new Map<string, Pod>();
  #unreadable = 0;
  #oomKills = 0;

  constructor(settings: MemoryProbeSettings, sampling: MemorySampling, log: Logger) {
    this.#settings = settings;
    this.#sampling = sampling;
    this.#log = log;
  }

  /** Groups whose files could not be read at the last sweep. */
  get unreadable(): number {
    return this.#unreadable;
  }

  welcome(group: Group): void {
    const { level, podUid } = group.identity;
    const stallReadMs = this.#sampling.settings.stallReadSeconds * 1000;
    const files = filesFor(group.identity, stallReadMs);
    if (level !== 'pod' || podUid === null) {
      this.#groups.set(group.path, new WatchedMemory(this.#sampling, group, files));
      return;
    }
    const every = this.#sampling.version === 1 ? POD_EVERY : 1;
    const memory = new WatchedMemory(this.#sampling, group, files, every);
    const ledger = group.bornMs === null ? EMPTY_LEDGER : { settled: 0, missing: 0 };
    const pod: Pod = { memory, ledger, killsInContainers: 0, isShadowed: false };
    this.#pods.set(group.path, pod);
    this.#podsByUid.set(podUid, pod);
  }

  /** The groups of this controller may come later and go earlier than those of the CPU, so none is called gone here. */
  sweep(emit: Emit): readonly string[] {
    this.#unreadable = 0;
    for (const pod of this.#pods.values()) pod.isShadowed = false;
    for (const memory of this.#groups.values()) this.#sweepGroup(memory, emit);
    for (const pod of this.#pods.values()) this.#sweepPod(pod, emit);
    return [];
  }

  depart(path: string, emit: Emit): void {
    const pod = this.#pods.get(path);
    const memory = this.#groups.get(path) ?? pod?.memory;
    this.#groups.delete(path);
    this.#pods.delete(path);
    const podUid = memory?.group.identity.podUid ?? null;
    // Its successor, of the same UID, may be known already.
    if (podUid !== null && this.#podsByUid.get(podUid) === pod) this.#podsByUid.delete(podUid);
    if (memory !== undefined) this.#tell(memory.end(), memory.group, emit);
  }

  stats(): MemoryProbeStats {
    const all = [...this.#groups.values(), ...[...this.#pods.values()].map(({ memory }) => memory)];
    return {
      limited: all.filter(({ hasLimit }) => hasLimit).length,
      pressed: all.filter(({ isPressed }) => isPressed).length,
      unreadable: this.#unreadable,
      oomKills: this.#oomKills,
    };
  }

  close(): void {
    for (const memory of this.#groups.values()) memory.close();
    for (const { memory } of this.#pods.values()) memory.close();
    this.#groups.clear();
    this.#pods.clear();
    this.#podsByUid.clear();
  }

  #isSampled(memory: WatchedMemory): boolean {
    const outcome = memory.sample();
    if (outcome === 'unreadable') this.#unreadable += 1;
    return outcome === 'sampled';
  }

  #sweepGroup(memory: WatchedMemory, emit: Emit): void {
    if (this.#isSampled(memory)) {
      const { newKills } = memory;
      this.#oomKills += newKills;
      const pod = this.#podOf(memory.group.identity);
      if (pod !== undefined) pod.killsInContainers += newKills;
      this.#tell(memory.judge(memory.countedKills === null ? null : newKills, false), memory.group, emit);
    }
    const pod = memory.isSuspect ? this.#podOf(memory.group.identity) : undefined;
    if (pod !== undefined) pod.isShadowed = true;
  }

  #sweepPod(pod: Pod, emit: Emit): void {
    const { memory } = pod;
    if (!this.#isSampled(memory)) return;
    const kills = this.#killsOf(pod);
    this.#oomKills += kills ?? 0;
    this.#tell(memory.judge(kills, pod.isShadowed), memory.group, emit);
  }

  /** Version 1 counts a kill in the group of the process alone, version 2 in the pod's too. */
  #killsOf(pod: Pod): number | null {
    const { countedKills, newKills } = pod.memory;
    if (countedKills === null || this.#sampling.version === 1) return countedKills === null ? null : newKills;
    const { ledger, kills } = settle(pod.ledger, countedKills, pod.killsInContainers);
    pod.ledger = ledger;
    pod.killsInContainers = 0;
    return kills;
  }

  #podOf({ podUid }: Identity): Pod | undefined {
    return podUid === null ? undefined : this.#podsByUid.get(podUid);
  }

  #tell(report: MemoryReport | null, { identity, path }: Group, emit: Emit): void {
    if (report === null) return;
    const { localNames, sender } = this.#settings;
    const message = toMemoryMessage(report, subjectOf(identity, path, localNames), path, sender);
    const { memory_usage_percentage: percent, oom_kills: oomKills } = message;
    this.#log.debug({ cgroup: path, percent, oomKills }, `memory pressure ${report.kind}`);
    emit({ message, isSummary: report.kind === 'summary' });
  }
}
