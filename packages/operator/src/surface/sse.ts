import type { Request, RequestHandler, Response } from 'express';
import type { ChangeFeed, FeedEntry } from './change-feed.ts';
import type { ReaderCheck } from './read-guard.ts';

const HEARTBEAT_MS = 15_000;
/** A reader that lets this much pile up does not read; it is cut off and may come back. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

/**
 * `GET /api/v1alpha1/changes`: changes as server-sent events. A reader subscribes, then lists, then applies what
 * comes. After a gap it sends `Last-Event-ID`; `event: reset` tells it to list again. `event: hello` ends what was
 * missed: its id is that of the newest change, whose first part is another one in another process.
 */
export const changesHandler =
  (feed: ChangeFeed, checkOf: (request: Request) => ReaderCheck): RequestHandler =>
  (request, response) => {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.write(': connected\n\n');
    const lastId = request.get('Last-Event-ID');
    if (lastId !== undefined) catchUp(feed.since(lastId), response);
    hello(feed, response);
    const stopReading = feed.read({
      next: ({ event }) => {
        if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
        else response.write(event);
      },
      end: () => response.end(),
    });
    const mayStillRead = checkOf(request);
    const heartbeat = setInterval(() => {
      response.write(': still here\n\n');
      // A token expires, and rights are taken away, while a stream goes on.
      void mayStillRead().then((may) => {
        if (!may) response.end();
      });
    }, HEARTBEAT_MS);
    response.once('close', () => {
      clearInterval(heartbeat);
      stopReading();
    });
  };

function catchUp(missed: readonly FeedEntry[] | null, response: Response): void {
  const bytes = missed?.reduce((sum, { event }) => sum + event.byteLength, 0) ?? Infinity;
  if (missed === null || bytes > MOST_UNREAD_BYTES) response.write('event: reset\ndata: {}\n\n');
  else for (const { event } of missed) response.write(event);
}

const hello = ({ id }: ChangeFeed, response: Response): void => {
  response.write(`event: hello\nid: ${id}\ndata: {}\n\n`);
};
