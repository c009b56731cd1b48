import { Router, type Request, type RequestHandler } from 'express';
import { KINDS, VERSION, type About, type Kind } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { ChangeFeed } from './change-feed.ts';
import { LIST_LIMITS, listAnswers, type ListLimits, type SendList } from './list-answers.ts';
import { readerChecks, reading, type ReadGuardOptions } from './read-guard.ts';
import { selections, type Selection } from './selection.ts';
import { changesHandler } from './sse.ts';
import { unavailable } from './unavailable.ts';

/** Of an index, what reading takes. */
export type ReadableIndex = Pick<ObjectIndex<Kind>, 'kind' | 'isSynced' | 'values' | 'get' | 'listen'>;

export interface ReadApiOptions {
  /** Decides who may read. */
  readonly guard: ReadGuardOptions;
  readonly about: About;
  readonly indexes: readonly ReadableIndex[];
  readonly feed: ChangeFeed;
  readonly lists?: ListLimits;
}

/**
 * What the CLI and the page read. Paths and shapes are those of the Kubernetes API, so that both read alike. Everybody
 * may ask what this is; the findings are told to those who may read them.
 */
export function readApiRouter({ about, indexes, feed, guard, lists = LIST_LIMITS }: ReadApiOptions): Router {
  const router = Router();
  const send = listAnswers(lists);
  const all = indexes.map(({ kind }) => kind);
  router.get('/about', (_request, response) => {
    response.json(about);
  });
  router.get('/changes', reading(guard, all), changesHandler(feed, readerChecks(guard, all)));
  for (const index of indexes) {
    const { plural } = KINDS[index.kind];
    const ofNamespace = `/namespaces/:namespace/${plural}` as const;
    const one = `${ofNamespace}/:name` as const;
    const mayRead = reading(guard, [index.kind]);
    const list = listHandler(index, send);
    // Each by itself, so that requests are counted by their path.
    for (const path of [`/${plural}`, ofNamespace]) router.get(path, mayRead, list);
    router.get(one, mayRead);
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

function selectionOf({ params, query }: Request): Selection {
  const newest = Number(query.newest);
  return {
    namespace: typeof params.namespace === 'string' ? params.namespace : null,
    pod: typeof query.pod === 'string' ? query.pod : null,
    newest: Number.isInteger(newest) && newest > 0 ? newest : null,
  };
}

function listHandler(index: ReadableIndex, send: SendList): RequestHandler {
  const select = selections(index);
  return (request, response, next) => {
    if (index.isSynced) send(response, index.kind, () => select(selectionOf(request))).catch(next);
    else unavailable(response, 'the store has not been read yet; ask again in a moment');
  };
}
