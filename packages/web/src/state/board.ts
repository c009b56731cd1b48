import { signal, type ReadonlySignal } from '@preact/signals';
import type { KernelWhisper, PodBirthCertificate } from 'kernel-gossip-types';
import type { ShownChange } from '../live/changes.ts';
import { searchable } from '../model/filters.ts';
import { placed, type Placed } from '../model/groups.ts';
import { remember, type History } from '../model/history.ts';

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
  readonly history: History;
  /** From when on the page heard of changes, in milliseconds; null before it heard anything. */
  readonly since: ReadonlySignal<number | null>;
  readonly replace: (
    whispers: readonly KernelWhisper[],
    certificates: readonly PodBirthCertificate[],
  ) => void;
  readonly change: (change: ShownChange) => void;
}

/** Nobody reads faster; fifty changes a second are drawn as four. */
const DRAW_EVERY_MS = 250;
const KEPT_CERTIFICATES = 500;

const keyOf = ({ metadata }: KernelWhisper | PodBirthCertificate): string =>
  `${metadata.namespace}/${metadata.name}`;

const newestFirst = (a: PodBirthCertificate, b: PodBirthCertificate): number =>
  Date.parse(b.spec.recorded_at) - Date.parse(a.spec.recorded_at);

export function createBoard(now: () => number): Board {
  const known = new Map<string, Known>();
  const births = new Map<string, PodBirthCertificate>();
  const history = new Map<string, readonly KernelWhisper[]>();
  const whispers = signal<readonly Known[]>([]);
  const certificates = signal<readonly PodBirthCertificate[]>([]);
  const since = signal<number | null>(null);
  let drawing: ReturnType<typeof setTimeout> | null = null;
  let bornLately = false;

  const learn = (whisper: KernelWhisper): void => {
    const key = keyOf(whisper);
    known.set(key, { ...placed(whisper), text: searchable(whisper) });
    remember(history, key, whisper);
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
    if (bornLately) drawBirths();
  };
  return {
    whispers,
    certificates,
    history,
    since,
    replace: (all, newest) => {
      since.value ??= now();
      known.clear();
      births.clear();
      for (const whisper of all) learn(whisper);
      for (const birth of newest) births.set(keyOf(birth), birth);
      bornLately = true;
      draw();
    },
    change: ({ gone, object }) => {
      if (object.kind === 'KernelWhisper') {
        if (gone) known.delete(keyOf(object));
        else learn(object);
      } else {
        bornLately = true;
        if (gone) births.delete(keyOf(object));
        else births.set(keyOf(object), object);
      }
      drawing ??= setTimeout(draw, DRAW_EVERY_MS);
    },
  };
}
