import type { Change, KernelWhisper } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import { groupOf } from './whisper-caps-group.ts';

/** Where a whisper counts. */
export interface Place {
  readonly group: string;
  readonly namespace: string;
}

/** One that is being opened, and counts although the index does not show it open yet. */
interface Hold {
  readonly sinceMs: number;
  /** What was written; null while it is being written. */
  readonly written: Written | null;
}

/** An object as it was written: a later one of the same name has another uid. */
export interface Written {
  readonly uid: string | null;
  readonly generation: number;
}

/** A hold whose whisper never showed up open is let go: the write was lost, or it was over again at once. */
const LONGEST_HOLD_MS = 120_000;

/** How many whispers are open, and where: what the index shows, and what is on its way there from here. */
export class OpenWhispers {
  readonly #index: ObjectIndex<'KernelWhisper'>;
  readonly #places = new Map<string, Place>();
  readonly #shown = new Set<string>();
  readonly #holds = new Map<string, Hold>();
  /** Objects that were written, or are being written, and that the index may not show yet. */
  readonly #expected = new Map<string, Hold>();
  readonly #ofGroup = new Map<string, Set<string>>();
  readonly #ofNamespace = new Map<string, Set<string>>();
  readonly #stopListening: () => void;

  constructor(index: ObjectIndex<'KernelWhisper'>) {
    this.#index = index;
    this.#stopListening = index.listen((change) => {
      this.#follow(change);
    });
    for (const object of index.values()) this.#follow({ type: 'ADDED', object });
  }

  close(): void {
    this.#stopListening();
  }

  has(key: string): boolean {
    return this.#places.has(key);
  }

  countOfGroup(group: string): number {
    return this.#ofGroup.get(group)?.size ?? 0;
  }

  countOfNamespace(namespace: string): number {
    return this.#ofNamespace.get(namespace)?.size ?? 0;
  }

  /** The most that any namespace has. */
  get highestOfNamespaces(): number {
    return Math.max(0, ...[...this.#ofNamespace.values()].map(({ size }) => size));
  }

  /** Whether there are so many whispers, open or not, with those on their way. */
  areAtLeast(count: number): boolean {
    const shown = this.#index.size;
    if (shown + this.#expected.size < count) return false;
    const missing = [...this.#expected.keys()].filter((key) => this.#index.get(key) === null);
    return shown + missing.length >= count;
  }

  /** The whisper of a group that was made first; null where the index shows none. */
  firstOf(group: string): KernelWhisper | null {
    return this.#pick(this.#ofGroup.get(group), (one, other) => byAge(one, other) < 0);
  }

  /** The whisper of a namespace that was made last; null where the index shows none. */
  newestOf(namespace: string): KernelWhisper | null {
    return this.#pick(this.#ofNamespace.get(namespace), (one, other) => byAge(one, other) > 0);
  }

  /** Counts one that is about to be opened. */
  hold(key: string, place: Place, nowMs: number): void {
    const hold = { sinceMs: nowMs, written: null };
    renew(this.#holds, key, hold);
    renew(this.#expected, key, hold);
    this.#put(key, place);
  }

  /** The one that was held is in the store. It is held until the index shows it open. */
  opened(key: string, written: Written): void {
    const hold = this.#holds.get(key);
    if (hold === undefined) return;
    this.#holds.set(key, { ...hold, written });
    this.#expected.set(key, { ...hold, written });
    const object = this.#index.get(key);
    if (object !== null) this.#settle(key, object);
  }

  /** It was not opened after all. */
  release(key: string): void {
    this.#expected.delete(key);
    this.over(key);
  }

  /** It is over, whatever the index shows. */
  over(key: string): void {
    this.#holds.delete(key);
    this.#removeUnlessCounted(key);
  }

  releaseOverdue(nowMs: number): void {
    for (const key of overdue(this.#expected, nowMs)) this.#expected.delete(key);
    for (const key of overdue(this.#holds, nowMs)) this.over(key);
  }

  #follow({ type, object }: Change<KernelWhisper>): void {
    const key = refKey(object.metadata);
    if (type !== 'DELETED' && isOpenWhisper(object)) {
      this.#shown.add(key);
      this.#put(key, { group: groupOf(object.spec), namespace: object.spec.namespace });
    } else {
      this.#shown.delete(key);
    }
    if (type !== 'DELETED') this.#settle(key, object);
    this.#removeUnlessCounted(key);
  }

  #settle(key: string, object: KernelWhisper): void {
    if (isShownBy(object, this.#expected.get(key))) this.#expected.delete(key);
    if (isOpenWhisper(object) && isShownBy(object, this.#holds.get(key))) this.#holds.delete(key);
  }

  #put(key: string, place: Place): void {
    const before = this.#places.get(key);
    if (before?.group === place.group && before.namespace === place.namespace) return;
    this.#remove(key);
    this.#places.set(key, place);
    addTo(this.#ofGroup, place.group, key);
    addTo(this.#ofNamespace, place.namespace, key);
  }

  #removeUnlessCounted(key: string): void {
    if (!this.#shown.has(key) && !this.#holds.has(key)) this.#remove(key);
  }

  #remove(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    takeFrom(this.#ofGroup, place.group, key);
    takeFrom(this.#ofNamespace, place.namespace, key);
  }

  #pick(
    keys: ReadonlySet<string> | undefined,
    isBetter: (one: KernelWhisper, other: KernelWhisper) => boolean,
  ): KernelWhisper | null {
    let picked: KernelWhisper | null = null;
    for (const key of keys ?? []) {
      const whisper = this.#shown.has(key) ? this.#index.get(key) : null;
      if (whisper !== null && (picked === null || isBetter(whisper, picked))) picked = whisper;
    }
    return picked;
  }
}

/** Whether a whisper counts as open. One that went quiet is over until it is heard of again. */
const isOpenWhisper = ({ spec, status }: KernelWhisper): boolean =>
  spec.ended_at === null && status?.phase !== 'Resolved';

/** Whether an object is what was written, or what became of it. */
function isShownBy({ metadata }: KernelWhisper, hold: Hold | undefined): boolean {
  const written = hold?.written ?? null;
  if (written === null) return false;
  return metadata.uid === written.uid && (metadata.generation ?? 0) >= written.generation;
}

/** Puts a hold behind those that are older. */
function renew(holds: Map<string, Hold>, key: string, hold: Hold): void {
  holds.delete(key);
  holds.set(key, hold);
}

function* overdue(holds: ReadonlyMap<string, Hold>, nowMs: number): Iterable<string> {
  for (const [key, { sinceMs }] of holds) {
    if (nowMs - sinceMs < LONGEST_HOLD_MS) return;
    yield key;
  }
}

/** The same order on every replica. */
function byAge({ metadata: one }: KernelWhisper, { metadata: other }: KernelWhisper): number {
  const ages = Date.parse(one.creationTimestamp ?? '') - Date.parse(other.creationTimestamp ?? '');
  return ages === 0 || Number.isNaN(ages) ? (one.name < other.name ? -1 : 1) : ages;
}

function addTo(sets: Map<string, Set<string>>, name: string, key: string): void {
  const set = sets.get(name);
  if (set === undefined) sets.set(name, new Set([key]));
  else set.add(key);
}

function takeFrom(sets: Map<string, Set<string>>, name: string, key: string): void {
  const set = sets.get(name);
  set?.delete(key);
  if (set?.size === 0) sets.delete(name);
}
