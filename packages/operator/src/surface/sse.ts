import type { RequestHandler, Response } from 'express';
import type { ChangeFeed, FeedEntry } from './change-feed.ts';

const HEARTBEAT_MS = 15_000;
/** A reader that lets this much pile up does not read; it is cut off and may come back. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

/**
 * `GET /api/v1alpha1/changes`: changes as server-sent events. A reader subscribes, then lists, then applies what
 * comes. After a gap it sends `Last-Event-ID`; `event: reset` tells it to list again.
 */
export const changesHandler =
  (feed: ChangeFeed): RequestHandler =>
  (request, response) => {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.write(': connected\n\n');
    const lastId = request.get('Last-Event-ID');
    if (lastId !== undefined) catchUp(feed.since(lastId), response);
    const stopReading = feed.read({
      next: (entry) => {
        if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
        else sendChange(response, entry);
      },
      end: () => response.end(),
    });
    const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
    response.once('close', () => {
      clearInterval(heartbeat);
      stopReading();
    });
  };

function catchUp(missed: readonly FeedEntry[] | null, response: Response): void {
  if (missed === null) response.write('event: reset\ndata: {}\n\n');
  else for (const entry of missed) sendChange(response, entry);
}

const sendChange = (response: Response, { id, json }: FeedEntry): void => {
  response.write(`event: change\nid: ${id}\ndata: ${json}\n\n`);
};
