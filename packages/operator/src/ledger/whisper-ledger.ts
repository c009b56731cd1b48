import { isDeepStrictEqual } from 'node:util';
import {
  type KernelWhisper,
  type KernelWhisperSpec,
  type KernelWhisperStatus,
  type OngoingObservation,
} from 'kernel-gossip-types';
import { severityOf } from '../assess/severity.ts';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { ObjectRef, Store } from '../store/port.ts';
import { updateStatus } from '../store/update-status.ts';
import type { Evidence } from './evidence.ts';
import { whisperKey, whisperName } from './names.ts';
import { metadataOf } from './ownership.ts';
import { groupOf } from './whisper-caps-group.ts';
import { WithheldReport } from './whisper-caps-report.ts';
import { CAP_DEFAULTS, WhisperCaps, type CapLimits, type CapsObserver } from './whisper-caps.ts';
import { nextSpec, saysEnded } from './whisper-spec.ts';

/** Limits that are not given are those of `CAP_DEFAULTS`. */
export interface LedgerOptions extends Partial<CapLimits> {
  readonly maxWhispers: number;
  /** Told of what is not opened. */
  readonly observer?: CapsObserver;
  /** Wall-clock time in milliseconds, by which withheld counts are written and forgotten. */
  readonly now?: () => number;
}

/** What became of a piece of evidence: it changed what is known, repeated it, or there are enough whispers like it. */
export type Recorded = 'transition' | 'repeat' | 'nothing' | 'withheld';

/** One whisper as this replica knows it. */
interface Entry {
  readonly key: string;
  readonly ref: ObjectRef;
  readonly refKey: string;
  /** The spec as it was last written or followed; null while there is no such whisper. */
  spec: KernelWhisperSpec | null;
  /** Of the object that `spec` is from; an object deleted and made again has another one. */
  uid: string | null;
  generation: number;
  /** When the spec was last written from here; 0 where it never was. */
  specWrittenMs: number;
  /** The time of the newest evidence merged, so that what arrives late does not overwrite what came after it. */
  newestMs: number;
  /** The newest evidence that is not in the store yet. */
  pending: Evidence<OngoingObservation> | null;
  pendingObservations: number;
  firstSeenMs: number;
  lastSeenMs: number;
  /** Ends when the write that is under way, and all that wait behind it, are done. */
  tail: Promise<unknown>;
  writesUnderWay: number;
}

const NOBODY: CapsObserver = { withheld: () => undefined, full: () => undefined };

/**
 * Merges evidence into whispers: one per (pod, container, kind). What changes the picture (opened, worse, better,
 * over) is in the store when `record` resolves; what repeats it is counted here and written by `flush`.
 */
export class WhisperLedger {
  /** What bounds the number of whispers. */
  readonly caps: WhisperCaps;
  readonly #store: Store;
  readonly #index: ObjectIndex<'KernelWhisper'>;
  readonly #report: WithheldReport;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #byRef = new Map<string, Entry>();
  readonly #dirty = new Set<Entry>();
  readonly #stopListening: () => void;

  constructor(
    store: Store,
    index: ObjectIndex<'KernelWhisper'>,
    { observer = NOBODY, now = Date.now, ...options }: LedgerOptions,
  ) {
    const limits = { ...CAP_DEFAULTS, ...options };
    this.#store = store;
    this.#index = index;
    this.#now = now;
    this.caps = new WhisperCaps(index, limits, observer);
    this.#report = new WithheldReport(store, index, this.caps, limits);
    this.#stopListening = index.listen(({ type, object }) => {
      if (type === 'DELETED') this.#forget(object);
      else this.#adopt(object);
    });
  }

  /** Whispers whose counters wait for the next flush. */
  get dirty(): number {
    return this.#dirty.size;
  }

  /**
   * Takes evidence in. Answers at once where it repeats what is known, and otherwise when the store has it.
   * Where there are enough whispers already, none is opened, and that is an answer too. Throws what the store throws.
   */
  record(evidence: Evidence<OngoingObservation>): Recorded | Promise<Recorded> {
    const entry = this.#entryFor(evidence);
    if (entry.writesUnderWay === 0 && !this.#changesPicture(entry, evidence))
      return this.#note(entry, evidence);
    return this.#afterOthers(entry, () => this.#transition(entry, evidence));
  }

  /** Writes what was only counted so far. Failures stay counted for the next time; the first one is thrown. */
  async flush(): Promise<void> {
    const due = [...this.#dirty];
    const results = await Promise.allSettled([
      ...due.map((entry) => this.#afterOthers(entry, () => this.#writePending(entry))),
      this.#report.flush(this.#now()),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  close(): void {
    this.#stopListening();
    this.caps.close();
  }

  #entryFor(evidence: Evidence<OngoingObservation>): Entry {
    const key = whisperKey(evidence.pod, evidence.container, evidence.observation.type);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const ref = {
      namespace: evidence.pod.namespace,
      name: whisperName(evidence.pod, evidence.container, evidence.observation.type),
    };
    const stored = this.#index.get(refKey(ref));
    const entry: Entry = {
      key,
      ref,
      refKey: refKey(ref),
      spec: stored?.spec ?? null,
      uid: stored?.metadata.uid ?? null,
      generation: stored?.metadata.generation ?? 0,
      specWrittenMs: 0,
      newestMs: latestTimeOf(stored?.spec ?? null),
      pending: null,
      pendingObservations: 0,
      firstSeenMs: evidence.receivedAtMs,
      lastSeenMs: evidence.receivedAtMs,
      tail: Promise.resolve(),
      writesUnderWay: 0,
    };
    this.#entries.set(key, entry);
    this.#byRef.set(entry.refKey, entry);
    return entry;
  }

  #note(entry: Entry, evidence: Evidence<OngoingObservation>): Recorded {
    if (!isOpen(entry.spec)) {
      if (saysEnded(evidence.observation)) this.caps.over(entry.refKey);
      if (entry.spec === null) this.#drop(entry);
      return 'nothing';
    }
    if (isEndOfAnother(entry.spec, evidence)) return 'nothing';
    const { observation, receivedAtMs } = evidence;
    entry.pendingObservations += observation.repeats;
    entry.lastSeenMs = receivedAtMs;
    const seenMs = Date.parse(observation.timestamp);
    if (seenMs >= entry.newestMs && !saysEnded(observation)) {
      entry.newestMs = seenMs;
      entry.pending = evidence;
    }
    this.#dirty.add(entry);
    return 'repeat';
  }

  async #transition(entry: Entry, evidence: Evidence<OngoingObservation>): Promise<Recorded> {
    const seenMs = Date.parse(evidence.observation.timestamp);
    if (!isTransition(entry.spec, evidence) || seenMs < entry.newestMs) return this.#repeat(entry, evidence);
    const opens = !saysEnded(evidence.observation) && (!isOpen(entry.spec) || this.#isQuiet(entry));
    if (opens && this.#isWithheld(entry, evidence)) return 'withheld';
    const spec = nextSpec(entry.spec, evidence);
    if (spec === null) return 'nothing';
    const write = (): Promise<void> => this.#writeSpec(entry, spec, evidence.receivedAtMs);
    try {
      await (opens ? this.#open(entry, write) : write());
    } catch (error) {
      if (entry.spec === null) this.#drop(entry);
      throw error;
    }
    if (!isOpen(spec)) this.caps.over(entry.refKey);
    entry.newestMs = seenMs;
    entry.pending = null;
    entry.pendingObservations += evidence.observation.repeats;
    entry.lastSeenMs = evidence.receivedAtMs;
    this.#dirty.add(entry);
    this.#countSoon(entry);
    return 'transition';
  }

  /** Evidence that repeats a whisper which went quiet wakes it: that changes its phase, so it must not wait either. */
  async #repeat(entry: Entry, evidence: Evidence<OngoingObservation>): Promise<Recorded> {
    if (!this.#isQuiet(entry)) return this.#note(entry, evidence);
    if (this.#isWithheld(entry, evidence)) return 'withheld';
    this.#note(entry, evidence);
    await this.#open(entry, () => this.#writePending(entry));
    return 'transition';
  }

  /** Whether there are enough whispers without this one. Otherwise it counts from now on, and `#open` must follow. */
  #isWithheld(entry: Entry, { pod, observation, receivedAtMs }: Evidence<OngoingObservation>): boolean {
    const { namespace, workload } = pod;
    const group = groupOf({ namespace, workload, pod_name: pod.name, kind: observation.type });
    if (this.caps.admit(entry.refKey, { group, namespace }, receivedAtMs) === null) return false;
    // Others may wait behind this one: the last of them lets the entry go.
    if (entry.spec === null && entry.writesUnderWay === 1) this.#drop(entry);
    return true;
  }

  /** Makes the write that opens a whisper which was admitted. */
  async #open(entry: Entry, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.caps.release(entry.refKey);
      throw error;
    }
    this.caps.opened(entry.refKey, { uid: entry.uid, generation: entry.generation });
  }

  /** So that a new whisper has its counters without waiting for the next flush; when it fails, that one tries again. */
  #countSoon(entry: Entry): void {
    this.#afterOthers(entry, () => this.#writePending(entry)).catch(() => undefined);
  }

  #changesPicture(entry: Entry, evidence: Evidence<OngoingObservation>): boolean {
    return isTransition(entry.spec, evidence) || this.#isQuiet(entry);
  }

  #isQuiet({ spec, refKey: key }: Entry): boolean {
    return isOpen(spec) && this.#index.get(key)?.status?.phase === 'Resolved';
  }

  async #writePending(entry: Entry): Promise<void> {
    if (!this.#dirty.has(entry)) return;
    const { pending, pendingObservations, firstSeenMs, lastSeenMs } = entry;
    const spec = pending === null ? null : nextSpec(entry.spec, pending);
    if (spec !== null && isNews(spec, entry, lastSeenMs)) await this.#writeSpec(entry, spec, lastSeenMs);
    if (entry.pending === pending) entry.pending = null;
    await this.#writeCounters(entry, { observations: pendingObservations, firstSeenMs, lastSeenMs });
    entry.pendingObservations -= pendingObservations;
    if (entry.pendingObservations === 0 && entry.pending === null) this.#dirty.delete(entry);
  }

  async #writeSpec(entry: Entry, spec: KernelWhisperSpec, atMs: number): Promise<void> {
    const pod = { namespace: spec.namespace, name: spec.pod_name, uid: spec.pod_uid };
    const written = await this.#store.apply('KernelWhisper', {
      metadata: metadataOf(pod, entry.ref.name),
      spec,
    });
    entry.spec = written.spec;
    entry.uid = written.metadata.uid;
    entry.specWrittenMs = atMs;
    entry.generation = written.metadata.generation ?? 0;
  }

  /** Adds to the counters that other replicas add to as well, so each attempt starts from the object as it is. */
  async #writeCounters(entry: Entry, counted: Counted): Promise<void> {
    const isThere = await updateStatus(this.#store, 'KernelWhisper', entry.ref, {
      manager: 'kernel-gossip-ledger',
      seen: this.#index.get(entry.refKey),
      fieldsFor: (current) => addTo(current, counted),
    });
    if (isThere) return;
    // It is gone: whoever is heard next about it opens it anew.
    this.#drop(entry);
    this.caps.over(entry.refKey);
    entry.spec = null;
  }

  /** Runs a piece of work about one whisper after those that were asked for before it. */
  async #afterOthers<T>(entry: Entry, work: () => Promise<T>): Promise<T> {
    entry.writesUnderWay += 1;
    const turn = entry.tail.then(work, work);
    entry.tail = turn;
    try {
      return await turn;
    } finally {
      entry.writesUnderWay -= 1;
    }
  }

  #adopt(whisper: KernelWhisper): void {
    const entry = this.#byRef.get(refKey(whisper.metadata));
    const generation = whisper.metadata.generation ?? 0;
    if (entry?.writesUnderWay !== 0) return;
    const isOlder = entry.uid === whisper.metadata.uid && generation < entry.generation;
    if (isOlder) return;
    // Also when it is the same: so that there is one such object in memory, not two.
    entry.spec = whisper.spec;
    entry.uid = whisper.metadata.uid;
    entry.generation = generation;
  }

  #forget(whisper: KernelWhisper): void {
    const entry = this.#byRef.get(refKey(whisper.metadata));
    if (entry?.uid !== whisper.metadata.uid) return;
    // A write that is under way finds out for itself, and what waits behind it must open the whisper anew.
    if (entry.writesUnderWay === 0) this.#drop(entry);
    else entry.spec = null;
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#byRef.delete(entry.refKey);
    this.#dirty.delete(entry);
  }
}

/** Whether evidence changes what a whisper says, so that it must not wait. */
function isTransition(spec: KernelWhisperSpec | null, evidence: Evidence<OngoingObservation>): boolean {
  const { observation } = evidence;
  if (saysEnded(observation)) return isOpen(spec) && !isEndOfAnother(spec, evidence);
  return !isOpen(spec) || spec?.severity !== severityOf(observation);
}

/**
 * Whether one source says that it is over while the figures are another's. Sources look through windows of different
 * lengths: what is calm over a minute may be throttled in each second of it.
 */
const isEndOfAnother = (
  spec: KernelWhisperSpec | null,
  { observation, source }: Evidence<OngoingObservation>,
): boolean => saysEnded(observation) && spec?.source != null && spec.source.name !== source;

const isOpen = (spec: KernelWhisperSpec | null): boolean => spec?.ended_at === null;

interface Counted {
  readonly observations: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

const addTo = (
  { status }: KernelWhisper,
  { observations, firstSeenMs, lastSeenMs }: Counted,
): Partial<KernelWhisperStatus> => {
  const lastBefore = status?.last_seen == null ? 0 : Date.parse(status.last_seen);
  return {
    observations: (status?.observations ?? 0) + observations,
    first_seen: status?.first_seen ?? new Date(firstSeenMs).toISOString(),
    last_seen: new Date(Math.max(lastBefore, lastSeenMs)).toISOString(),
  };
};

/** Figures that moved by less are not worth a write of their own: every window brings slightly other ones. */
const NEWS_PERCENT = 5;
/** But neither may they grow old. */
const FIGURES_KEPT_MS = 5 * 60_000;

/** Whether the figures of the same episode are worth writing. */
function isNews(spec: KernelWhisperSpec, { spec: before, specWrittenMs }: Entry, nowMs: number): boolean {
  if (before === null || nowMs - specWrittenMs >= FIGURES_KEPT_MS) return true;
  return (
    !isDeepStrictEqual(landmarks(spec), landmarks(before)) ||
    Math.abs(shareOf(spec) - shareOf(before)) >= NEWS_PERCENT
  );
}

/** The share that tells how bad it is, whatever the kind. */
const shareOf = ({ throttled_percent, memory, network }: KernelWhisperSpec): number =>
  throttled_percent ?? memory?.usage_percent ?? memory?.stalled_percent ?? network?.failure_percent ?? 0;

/**
 * What is news whatever the share: another container, another limit, another symptom, one more killed, and that the
 * container is still there in the window after a kill.
 */
const landmarks = ({
  container_id,
  kernel_truth,
  memory,
  network,
}: KernelWhisperSpec): readonly unknown[] => [
  container_id,
  kernel_truth?.limit_cores,
  memory?.limit_bytes,
  memory?.episode_oom_kills,
  (memory?.oom_kills ?? 0) > 0,
  network?.symptom,
];

/** The latest time, by its source's clock, that a stored spec speaks of; after a restart nothing older overwrites it. */
const latestTimeOf = (spec: KernelWhisperSpec | null): number =>
  spec === null ? 0 : Date.parse(spec.ended_at ?? spec.detected_at);
