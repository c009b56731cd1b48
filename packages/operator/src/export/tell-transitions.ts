import type { Resources } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { FindingEvent } from './event.ts';

/** Kinds of findings whose status says which generation of the spec it speaks of. */
type FindingKind = 'KernelWhisper' | 'PodBirthCertificate';

/** What happened between two looks at an object; null is one that is not there. */
export type EventsBetween<K extends FindingKind> = (
  before: Resources[K] | null,
  after: Resources[K] | null,
) => readonly FindingEvent[];

/**
 * Tells what happens to the objects of an index from now on, and nothing of what stands already: it was told when it
 * happened. Returns what ends that.
 *
 * An object counts only with a status that speaks of its spec: the words about a figure come a moment after the figure.
 */
export function tellTransitions<K extends FindingKind>(
  index: ObjectIndex<K>,
  eventsBetween: EventsBetween<K>,
  tell: (event: FindingEvent) => void,
): () => void {
  const known = new Map(index.values().map((object) => [refKey(object.metadata), object]));
  return index.listen(({ type, object }) => {
    const key = refKey(object.metadata);
    const before = known.get(key) ?? null;
    if (type === 'DELETED') {
      known.delete(key);
      eventsBetween(before, null).forEach(tell);
    } else if (isAssessed(object)) {
      known.set(key, object);
      eventsBetween(before, object).forEach(tell);
    }
  });
}

const isAssessed = ({ metadata, status }: Resources[FindingKind]): boolean =>
  (status?.observed_generation ?? -1) >= (metadata.generation ?? 0);
