import { Router, type Request, type Response } from 'express';
import { API_VERSION, KINDS, VERSION, type About, type Kind, type Resource } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { ChangeFeed } from './change-feed.ts';
import { mayStillRead, reading, type ReadGuardOptions } from './read-guard.ts';
import { changesHandler } from './sse.ts';

/** Of an index, what reading takes. */
export type ReadableIndex = Pick<ObjectIndex<Kind>, 'kind' | 'isSynced' | 'values' | 'get'>;

export interface ReadApiOptions {
  /** Decides who may read. */
  readonly guard: ReadGuardOptions;
  readonly about: About;
  readonly indexes: readonly ReadableIndex[];
  readonly feed: ChangeFeed;
}

/**
 * What the CLI and the page read. Paths and shapes are those of the Kubernetes API, so that both read alike. Everybody
 * may ask what this is; the findings are told to those who may read them.
 */
export function readApiRouter({ about, indexes, feed, guard }: ReadApiOptions): Router {
  const router = Router();
  const all = indexes.map(({ kind }) => kind);
  router.get('/about', (_request, response) => {
    response.json(about);
  });
  router.get(
    '/changes',
    reading(guard, all),
    changesHandler(feed, (request) => mayStillRead(guard, request, all)),
  );
  for (const index of indexes) {
    const { plural } = KINDS[index.kind];
    const ofAll = `/${plural}`;
    const ofNamespace = `/namespaces/:namespace/${plural}` as const;
    const one = `${ofNamespace}/:name` as const;
    router.get([ofAll, ofNamespace, one], reading(guard, [index.kind]));
    router.get([ofAll, ofNamespace], (request, response) => {
      sendList(response, index, selectionOf(request));
    });
    router.get(one, (request, response) => {
      const object = index.get(refKey(request.params));
      if (object === null) {
        const { namespace, name } = request.params;
        response.status(404).json({ error: `there is no ${index.kind} ${namespace}/${name}` });
      } else response.json(object);
    });
  }
  return router;
}

export const READ_API_PATH = `/api/${VERSION}`;

/** Which objects are asked for; null asks for all. */
interface Selection {
  readonly namespace: string | null;
  readonly pod: string | null;
  /** Only so many, those that were made last. */
  readonly newest: number | null;
}

function selectionOf({ params, query }: Request): Selection {
  const newest = Number(query.newest);
  return {
    namespace: typeof params.namespace === 'string' ? params.namespace : null,
    pod: typeof query.pod === 'string' ? query.pod : null,
    newest: Number.isInteger(newest) && newest > 0 ? newest : null,
  };
}

const isOf = ({ spec }: Resource, pod: string): boolean => 'pod_name' in spec && spec.pod_name === pod;
const madeAt = ({ metadata }: Resource): number => Date.parse(metadata.creationTimestamp ?? '') || 0;

function selected(objects: readonly Resource[], { namespace, pod, newest }: Selection): readonly Resource[] {
  const items = objects.filter(
    (object) =>
      (namespace === null || object.metadata.namespace === namespace) && (pod === null || isOf(object, pod)),
  );
  return newest === null ? items : items.sort((a, b) => madeAt(b) - madeAt(a)).slice(0, newest);
}

function sendList(response: Response, index: ReadableIndex, selection: Selection): void {
  if (!index.isSynced) {
    response
      .status(503)
      .set('Retry-After', '1')
      .json({ error: 'the store has not been read yet; ask again in a moment' });
    return;
  }
  response.json({
    apiVersion: API_VERSION,
    kind: `${index.kind}List`,
    metadata: { resourceVersion: null },
    items: selected(index.values(), selection),
  });
}
