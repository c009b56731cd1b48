import type { FindingEvent } from './event.ts';

type Tell = (event: FindingEvent) => void;

/** What stands between those who tell events on every replica and whoever sends them on the one that leads. */
export interface Handover {
  readonly tell: Tell;
  /** Sends what was kept, and everything from now on. Returns what ends that. */
  readonly begin: (send: Tell) => () => void;
}

/**
 * What a leader that died had not sent is younger than this when the next one begins: it sends within some two seconds,
 * its lease lasts 15 from when the others saw it renewed, and they look every 2 to 4.4 seconds.
 */
const KEPT_MS = 30_000;
/** As many as the outbox takes. */
const MOST_KEPT = 2048;

/**
 * Keeps the latest events while this replica does not send, since the one that does may die before it has sent them.
 * Most of them it will have sent: better twice, by the same id, than never.
 */
export function openHandover(nowMs: () => number = () => performance.now()): Handover {
  const kept: { readonly event: FindingEvent; readonly keptMs: number }[] = [];
  let send: Tell | null = null;
  const forget = (): void => {
    const oldest = nowMs() - KEPT_MS;
    const firstKept = kept.findIndex(({ keptMs }) => keptMs >= oldest);
    kept.splice(0, firstKept === -1 ? kept.length : firstKept);
  };
  return {
    tell: (event) => {
      if (send !== null) {
        send(event);
        return;
      }
      forget();
      if (kept.length === MOST_KEPT) kept.shift();
      kept.push({ event: { ...event, atMs: event.atMs ?? Date.now() }, keptMs: nowMs() });
    },
    begin: (to) => {
      forget();
      send = to;
      kept.splice(0).forEach(({ event }) => to(event));
      return () => {
        send = null;
      };
    },
  };
}
