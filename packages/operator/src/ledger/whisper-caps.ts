import type { KernelWhisper } from 'kernel-gossip-types';
import type { Withholding } from '../assess/whisper.ts';
import type { ObjectIndex } from '../store/object-index.ts';
import { groupOf } from './whisper-caps-group.ts';
import { OpenWhispers, type Place, type Written } from './whisper-caps-open.ts';
import { WithheldSubjects } from './whisper-caps-withheld.ts';

/** How many whispers there may be. The store of a cluster is shared with everyone else's objects. */
export interface CapLimits {
  /** Whispers in the store, open or resolved. */
  readonly maxWhispers: number;
  /** Open ones of a namespace. */
  readonly maxPerNamespace: number;
  /** Open ones of one kind about the pods of one workload: the tenth replica tells nothing that nine did not. */
  readonly maxPerWorkload: number;
  /** Who is withheld is forgotten after this long without a word of it. */
  readonly quietAfterMs: number;
}

export const CAP_DEFAULTS: CapLimits = {
  maxWhispers: 20_000,
  maxPerNamespace: 500,
  maxPerWorkload: 10,
  quietAfterMs: 600_000,
};

/** What there are enough of already. */
export const WITHHELD_REASONS = ['workload', 'namespace', 'cluster'] as const;
export type WithheldReason = (typeof WITHHELD_REASONS)[number];
/** What may be full as a whole. */
export const WITHHELD_SCOPES = ['namespace', 'cluster'] as const;
export type WithheldScope = (typeof WITHHELD_SCOPES)[number];

/** Told of what is withheld. */
export interface CapsObserver {
  /** A piece of evidence opened no whisper. */
  withheld(reason: WithheldReason): void;
  /** The same in words, at most once a minute for each reason. */
  full(message: string): void;
}

const TELL_EVERY_MS = 60_000;

/** Decides whether one more whisper may be opened, and knows how many were not. */
export class WhisperCaps {
  readonly #limits: CapLimits;
  readonly #observer: CapsObserver;
  readonly #index: ObjectIndex<'KernelWhisper'>;
  readonly #open: OpenWhispers;
  readonly #withheld: WithheldSubjects;
  readonly #toldMs = new Map<WithheldReason, number>();

  constructor(index: ObjectIndex<'KernelWhisper'>, limits: CapLimits, observer: CapsObserver) {
    this.#index = index;
    this.#limits = limits;
    this.#observer = observer;
    this.#open = new OpenWhispers(index);
    this.#withheld = new WithheldSubjects(limits.quietAfterMs);
  }

  close(): void {
    this.#open.close();
  }

  /**
   * Asks for a whisper to be opened. Null means yes, and it counts from now on: `opened` or `release` must follow.
   * Otherwise there are enough already, and it is remembered as withheld.
   */
  admit(key: string, place: Place, nowMs: number): WithheldReason | null {
    this.#open.releaseOverdue(nowMs);
    const reason = this.#open.has(key) ? null : this.#fullness(key, place);
    if (reason === null) {
      this.#withheld.forget(key);
      this.#open.hold(key, place, nowMs);
      return null;
    }
    this.#withheld.note(key, place.group, nowMs);
    this.#observer.withheld(reason);
    this.#tell(reason, place, nowMs);
    return reason;
  }

  /** A whisper that was admitted is in the store. */
  opened(key: string, written: Written): void {
    this.#open.opened(key, written);
  }

  /** A whisper that was admitted could not be opened. */
  release(key: string): void {
    this.#open.release(key);
  }

  /** The trouble is over, whether it had a whisper or was withheld, or the whisper is gone. */
  over(key: string): void {
    this.#open.over(key);
    this.#withheld.forget(key);
  }

  forgetQuiet(nowMs: number): void {
    this.#withheld.forgetQuiet(nowMs);
  }

  /** Whether those withheld of a whisper's group are counted on it: it is the first of them. */
  speaksFor({ metadata, spec }: KernelWhisper): boolean {
    return this.#open.firstOf(groupOf(spec))?.metadata.name === metadata.name;
  }

  /** How many are counted on a whisper. */
  withheldBehind(whisper: KernelWhisper): number {
    return this.speaksFor(whisper) ? this.#withheld.countOf(groupOf(whisper.spec)) : 0;
  }

  /** The whispers on which something withheld is to be told. */
  spokesmen(): readonly KernelWhisper[] {
    return [...this.#withheld.groups()].flatMap((group) => this.#open.firstOf(group) ?? []);
  }

  /** What is to be said of withholding on a whisper: only on the newest open one of its namespace. */
  withholdingOn({ metadata, spec: { namespace } }: KernelWhisper): Withholding | null {
    const reason = this.#isFull('namespace', namespace)
      ? 'namespace'
      : this.#isFull('cluster', namespace)
        ? 'cluster'
        : null;
    if (reason === null || this.#open.newestOf(namespace)?.metadata.name !== metadata.name) return null;
    return { reason: CONDITION_REASONS[reason], message: this.#words(reason, namespace) };
  }

  /** Whether anything is kept from being opened for want of room: in some namespace, or everywhere. */
  isBreakerOpen(scope: WithheldScope): boolean {
    return scope === 'namespace'
      ? this.#open.highestOfNamespaces >= this.#limits.maxPerNamespace
      : this.#open.areAtLeast(this.#limits.maxWhispers);
  }

  #fullness(key: string, { group, namespace }: Place): WithheldReason | null {
    if (this.#open.countOfGroup(group) >= this.#limits.maxPerWorkload) return 'workload';
    if (this.#isFull('namespace', namespace)) return 'namespace';
    // One that stands resolved is opened again without one more object.
    return this.#index.get(key) === null && this.#isFull('cluster', namespace) ? 'cluster' : null;
  }

  #isFull(scope: 'namespace' | 'cluster', namespace: string): boolean {
    return scope === 'namespace'
      ? this.#open.countOfNamespace(namespace) >= this.#limits.maxPerNamespace
      : this.isBreakerOpen('cluster');
  }

  #tell(reason: WithheldReason, { group, namespace }: Place, nowMs: number): void {
    if (nowMs - (this.#toldMs.get(reason) ?? -Infinity) < TELL_EVERY_MS) return;
    this.#toldMs.set(reason, nowMs);
    this.#observer.full(reason === 'workload' ? this.#workloadWords(group) : this.#words(reason, namespace));
  }

  #workloadWords(group: string): string {
    return `There are ${this.#limits.maxPerWorkload} open whispers of ${group} already: further ones are counted on the first of them.`;
  }

  #words(reason: 'namespace' | 'cluster', namespace: string): string {
    return reason === 'namespace'
      ? `There are ${this.#limits.maxPerNamespace} open whispers in the namespace ${namespace} already. Further ones are not opened until some of them are resolved.`
      : `There are ${this.#limits.maxWhispers} whispers in the store already. Further ones are not opened until resolved ones are deleted.`;
  }
}

const CONDITION_REASONS = { namespace: 'NamespaceFull', cluster: 'ClusterFull' } as const;
