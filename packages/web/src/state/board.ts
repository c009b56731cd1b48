import { signal, type ReadonlySignal } from '@preact/signals';
import type { KernelWhisper, PodBirthCertificate } from 'kernel-gossip-types';
import type { ShownChange } from '../live/changes.ts';
import type { Listed } from '../live/operator.ts';
import { searchable } from '../model/filters.ts';
import { placed, type Placed } from '../model/groups.ts';
import { createHistory, type History } from '../model/history.ts';

/** A whisper with its place, and what of it can be searched. */
export interface Known extends Placed {
  readonly text: string;
}

/** What the page knows of the operator's objects. */
export interface Board {
  /** All whispers, in no order; anew each time that some changed, a few times a second at most. */
  readonly whispers: ReadonlySignal<readonly Known[]>;
  /** The newest certificates, newest first. */
  readonly certificates: ReadonlySignal<readonly PodBirthCertificate[]>;
  /** What whispers said since `since`. */
  readonly history: Pick<History, 'get'>;
  /** How many objects there are that could not be read. */
  readonly unreadable: ReadonlySignal<number>;
  /** From when on the page heard of changes, in milliseconds; null before it heard anything. */
  readonly since: ReadonlySignal<number | null>;
  /** This is all there is; what was known before and is not in it is gone. */
  readonly replace: (whispers: Listed<KernelWhisper>, certificates: Listed<PodBirthCertificate>) => void;
  readonly change: (change: ShownChange) => void;
}

/** Nobody reads faster; fifty changes a second are drawn as four. */
const DRAW_EVERY_MS = 250;
const KEPT_CERTIFICATES = 500;

type Kind = (KernelWhisper | PodBirthCertificate)['kind'];

const keyOf = ({ metadata }: KernelWhisper | PodBirthCertificate): string =>
  `${metadata.namespace}/${metadata.name}`;

const newestFirst = (a: PodBirthCertificate, b: PodBirthCertificate): number =>
  Date.parse(b.spec.recorded_at) - Date.parse(a.spec.recorded_at);

export function createBoard(now: () => number): Board {
  const known = new Map<string, Known>();
  const births = new Map<string, PodBirthCertificate>();
  /** By kind and name. The operator bounds how many objects there are. */
  const unread = new Set<string>();
  const history = createHistory();
  const whispers = signal<readonly Known[]>([]);
  const certificates = signal<readonly PodBirthCertificate[]>([]);
  const unreadable = signal(0);
  const since = signal<number | null>(null);
  let drawing: ReturnType<typeof setTimeout> | null = null;
  let bornLately = false;

  const forget = (kind: Kind, key: string): void => {
    unread.delete(`${kind} ${key}`);
    if (kind === 'KernelWhisper') {
      known.delete(key);
      history.forget(key);
    } else if (births.delete(key)) bornLately = true;
  };
  const learn = (object: KernelWhisper | PodBirthCertificate): void => {
    const key = keyOf(object);
    unread.delete(`${object.kind} ${key}`);
    if (object.kind === 'KernelWhisper') {
      const before = known.get(key);
      if (before !== undefined) history.remember(key, before.whisper, object);
      known.set(key, { ...placed(object), text: searchable(object) });
    } else {
      births.set(key, object);
      bornLately = true;
    }
  };
  const drawBirths = (): void => {
    const newest = [...births.values()].sort(newestFirst);
    for (const birth of newest.splice(KEPT_CERTIFICATES)) births.delete(keyOf(birth));
    certificates.value = newest;
    bornLately = false;
  };
  const draw = (): void => {
    drawing = null;
    whispers.value = [...known.values()];
    unreadable.value = unread.size;
    if (bornLately) drawBirths();
  };
  return {
    whispers,
    certificates,
    history,
    unreadable,
    since,
    replace: (all, newest) => {
      since.value ??= now();
      const listed = new Set(all.items.map(keyOf));
      for (const key of known.keys()) if (!listed.has(key)) forget('KernelWhisper', key);
      births.clear();
      unread.clear();
      for (const object of [...all.items, ...newest.items]) learn(object);
      for (const key of all.unreadable) unread.add(`KernelWhisper ${key}`);
      for (const key of newest.unreadable) unread.add(`PodBirthCertificate ${key}`);
      bornLately = true;
      draw();
    },
    change: (change) => {
      if (change.what === 'now') learn(change.object);
      else {
        forget(change.kind, change.key);
        if (change.what === 'unreadable') unread.add(`${change.kind} ${change.key}`);
      }
      drawing ??= setTimeout(draw, DRAW_EVERY_MS);
    },
  };
}
