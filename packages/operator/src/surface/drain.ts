import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';

/** How long requests under way may take to end once the server closes. */
const LONGEST_DRAIN_MS = 10_000;

/**
 * Returns what closes the server: it takes no more connections, lets the requests under way end, and then cuts the
 * connections that are left. Node's own `closeIdleConnections` waits ten seconds for those that never sent anything,
 * which clients open ahead of need.
 */
export function drainable(server: Server): () => Promise<void> {
  const underWay = new Set<ServerResponse>();
  server.on('request', (_request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
  });
  return async () => {
    const closed = once(server, 'close');
    server.close();
    const overdue = AbortSignal.timeout(LONGEST_DRAIN_MS);
    while (underWay.size > 0 && !overdue.aborted) {
      await Promise.race([...underWay].map((response) => once(response, 'close', { signal: overdue }))).catch(
        () => undefined,
      );
    }
    server.closeAllConnections();
    await closed;
  };
}
