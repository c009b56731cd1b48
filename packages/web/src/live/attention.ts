import type { Bell } from './bell.ts';

/** Whether anybody looks at the page. */
export interface Attention {
  /**
   * Aborted once nobody has looked for a minute. A browser opens six connections to one address over HTTP/1.1: tabs in the
   * background would keep others from being read.
   */
  readonly away: () => AbortSignal;
}

const REST_AFTER_MS = 60_000;

export function createAttention(document: Document, bell: Bell): Attention {
  let away = new AbortController();
  let leaving: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (document.visibilityState === 'hidden') {
      leaving = setTimeout(() => {
        away.abort();
      }, REST_AFTER_MS);
    } else if (away.signal.aborted) {
      away = new AbortController();
      bell.ring();
    }
  });
  return { away: () => away.signal };
}
