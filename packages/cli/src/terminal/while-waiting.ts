import { humanDuration } from './duration.ts';
import type { Io } from './io.ts';

const EVERY_MS = 1000;

/** Does something, and says after a second, and then each second, what is waited for and since when. */
export async function whileWaiting<A>(
  { showStatus }: Pick<Io, 'showStatus'>,
  what: string,
  work: () => Promise<A>,
): Promise<A> {
  if (showStatus === null) return work();
  const began = performance.now();
  const shown = { ever: false };
  const timer = setInterval(() => {
    shown.ever = true;
    showStatus(`… ${what}, ${humanDuration(performance.now() - began)}`);
  }, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (shown.ever) showStatus(null);
  }
}
