import type { Change, Resources } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { FindingEvent } from './event.ts';

/** Kinds of findings whose status says which generation of the spec it speaks of. */
type FindingKind = 'KernelWhisper' | 'PodBirthCertificate';

/** What happened between two looks at an object, by its status; null is one that is not there. */
export type EventsBetween<K extends FindingKind> = (
  before: Resources[K] | null,
  after: Resources[K] | null,
) => readonly FindingEvent[];

/**
 * Tells what happens to the objects of an index from when it is synced, and nothing of what stands then: it was told when
 * it happened.
 *
 * An object counts only with a status that speaks of its spec: the words about a figure come a moment after the figure.
 * Each record has an id by which whoever gets it twice knows it again: every replica gives the same one, as all see the same
 * versions of an object (https://opentelemetry.io/docs/specs/semconv/registry/attributes/log/).
 */
export function tellTransitions<K extends FindingKind>(
  index: ObjectIndex<K>,
  eventsBetween: EventsBetween<K>,
  tell: (event: FindingEvent) => void,
): void {
  const known = new Map(index.values().map((object) => [refKey(object.metadata), object]));
  index.listen(({ type, object }) => {
    const key = refKey(object.metadata);
    const before = known.get(key) ?? null;
    const after = type === 'DELETED' ? null : object;
    if (after === null) known.delete(key);
    else if (!index.isSynced || isAssessed(after)) known.set(key, after);
    else return;
    if (!index.isSynced) return;
    for (const event of eventsBetween(before, after)) {
      const id = { 'log.record.uid': `${versionOf(object, type)}/${event.name}` };
      tell({ ...event, attributes: { ...event.attributes, ...id } });
    }
  });
}

/** One that is gone is so once, whichever version was the last that this replica saw of it. */
const versionOf = ({ metadata }: Resources[FindingKind], type: Change['type']): string =>
  `${metadata.uid ?? refKey(metadata)}/${type === 'DELETED' ? 'gone' : (metadata.resourceVersion ?? '')}`;

const isAssessed = ({ metadata, status }: Resources[FindingKind]): boolean =>
  (status?.observed_generation ?? -1) >= (metadata.generation ?? 0);
