import type { Kind, Resource } from 'kernel-gossip-types';
import type { ObjectIndex } from '../store/object-index.ts';

/** Which objects are asked for; null asks for all. */
export interface Selection {
  readonly namespace: string | null;
  readonly pod: string | null;
  /** Only so many, those that were made last. */
  readonly newest: number | null;
}

/** How many selections of a kind are kept for who asks for the same. */
const KEPT = 32;

/** Picks objects of an index as they are now. While nothing changes, who asks for the same gets the same list. */
export function selections(
  index: Pick<ObjectIndex<Kind>, 'values' | 'listen'>,
): (selection: Selection) => readonly Resource[] {
  const kept = new Map<string, readonly Resource[]>();
  index.listen(() => kept.clear());
  return (selection) => {
    const { namespace, pod, newest } = selection;
    const key = JSON.stringify([namespace, pod, newest]);
    const before = kept.get(key);
    if (before !== undefined) return before;
    const objects = selected(index.values(), selection);
    // Maps keep the order of insertion: the first is the oldest.
    const [oldest] = kept.keys();
    if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, objects);
    return objects;
  };
}

const isOf = ({ spec }: Resource, pod: string): boolean => 'pod_name' in spec && spec.pod_name === pod;
const madeAt = ({ metadata }: Resource): number => Date.parse(metadata.creationTimestamp ?? '') || 0;

function selected(objects: readonly Resource[], { namespace, pod, newest }: Selection): readonly Resource[] {
  const items = objects.filter(
    (object) =>
      (namespace === null || object.metadata.namespace === namespace) && (pod === null || isOf(object, pod)),
  );
  return newest === null ? items : newestOf(items, newest);
}

/** Each time is read once: there may be many thousands. */
const newestOf = (items: readonly Resource[], count: number): readonly Resource[] =>
  items
    .map((object) => ({ object, at: madeAt(object) }))
    .sort((a, b) => b.at - a.at)
    .slice(0, count)
    .map(({ object }) => object);
