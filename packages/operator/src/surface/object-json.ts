import type { Resource } from 'kernel-gossip-types';
import { ownBuffer } from './own-buffer.ts';

/** An object as JSON in UTF-8. */
export type ObjectJson = (object: Resource) => Buffer;

/**
 * Writes an object as JSON once, for all lists that hold it, and keeps that for as long as the object is there: one that
 * changes is another object.
 */
export function objectJson(): ObjectJson {
  const written = new WeakMap<Resource, Buffer>();
  return (object) => {
    const before = written.get(object);
    if (before !== undefined) return before;
    const json = ownBuffer(JSON.stringify(object));
    written.set(object, json);
    return json;
  };
}
