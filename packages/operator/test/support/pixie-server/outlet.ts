import type { ServerHttp2Stream } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Verdict } from './query.ts';

/**
 * How a call is broken off after all that was sent has left: `stream` resets it with an error, `silent` ends it
 * without a word (no trailers), `connection` takes the whole connection away.
 */
export type CutWay = 'stream' | 'silent' | 'connection';

/** The way back to one caller. Both promises reject when the caller is gone. */
export interface Outlet {
  /** Resolves when the caller's flow control let the message go: nothing piles up here. */
  readonly send: (message: Buffer) => Promise<void>;
  readonly wait: (ms: number) => Promise<void>;
  readonly cut: (way: CutWay) => void;
  readonly end: (verdict: Verdict) => void;
}

type Call<Request> = ServerWritableStream<Request, Buffer>;

const OK = 0;

/** Codes of RST_STREAM (RFC 9113, section 7). */
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;

/** grpc-js has no public way to break a call off, and a real network does just that. */
const streamOf = (call: Call<unknown>): ServerHttp2Stream =>
  (call as unknown as { readonly call: { readonly stream: ServerHttp2Stream } }).call.stream;

export function outletOf(call: Call<unknown>): Outlet {
  const gone = new AbortController();
  const left = new Promise<never>((_, reject) => {
    call.once('cancelled', () => {
      gone.abort();
      reject(new Error('the caller is gone'));
    });
  });
  left.catch(() => undefined);

  return {
    send: (message) =>
      Promise.race([left, new Promise<void>((resolve) => call.write(message, () => resolve()))]),
    wait: async (ms) => {
      await setTimeout(ms, undefined, { signal: gone.signal });
    },
    cut: (way) => {
      const stream = streamOf(call);
      if (way === 'connection') stream.session?.destroy();
      else stream.close(way === 'stream' ? INTERNAL_ERROR : NO_ERROR);
    },
    end: ({ code, details }) => {
      if (code === OK) call.end();
      else if (!call.cancelled) call.emit('error', { code, details });
    },
  };
}
