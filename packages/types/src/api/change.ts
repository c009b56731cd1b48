import type { Resource } from '../resource/index.ts';

/** What happened to an object, with the object as it is now (or last was). The words are those of a Kubernetes watch. */
export interface Change<R extends Resource = Resource> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: R;
}
