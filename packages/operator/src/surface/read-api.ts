import { Router, type Response } from 'express';
import { API_VERSION, KINDS, VERSION, type About, type Kind } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';
import type { ChangeFeed } from './change-feed.ts';
import { changesHandler } from './sse.ts';

export interface ReadApiOptions {
  readonly about: About;
  readonly indexes: readonly ObjectIndex<Kind>[];
  readonly feed: ChangeFeed;
}

/** What the CLI and the page read. Paths and shapes are those of the Kubernetes API, so that both read alike. */
export function readApiRouter({ about, indexes, feed }: ReadApiOptions): Router {
  const router = Router();
  router.get('/about', (_request, response) => {
    response.json(about);
  });
  router.get('/changes', changesHandler(feed));
  for (const index of indexes) {
    const { plural } = KINDS[index.kind];
    router.get(`/${plural}`, (_request, response) => {
      sendList(response, index, null);
    });
    router.get(`/namespaces/:namespace/${plural}`, (request, response) => {
      sendList(response, index, request.params.namespace);
    });
    router.get(`/namespaces/:namespace/${plural}/:name`, (request, response) => {
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

function sendList(response: Response, index: ObjectIndex<Kind>, namespace: string | null): void {
  if (!index.isSynced) {
    response
      .status(503)
      .set('Retry-After', '1')
      .json({ error: 'the store has not been read yet; ask again in a moment' });
    return;
  }
  const items = index
    .values()
    .filter(({ metadata }) => namespace === null || metadata.namespace === namespace);
  response.json({
    apiVersion: API_VERSION,
    kind: `${index.kind}List`,
    metadata: { resourceVersion: null },
    items,
  });
}
