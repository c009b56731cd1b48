// What really hurt, without a look at what any detector counts: somebody waited more than twice as long as without a quota, on average
// over ten seconds, for a minute at least.

/** A stretch of time, in seconds since the start. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What waiting meant in a span of time. */
export interface Waiting {
  readonly requests: number;
  /** How long they would have taken without a quota, on average, in milliseconds. */
  readonly freeMs: number;
  /** How much longer they took. */
  readonly addedMs: number;
}

/**
 * From when on a delay counts: more than twice as long and, by the main measure, 20 ms longer, a fifth of a period. By the loose one
 * a request of 5 ms that takes 10.1 ms counts, too.
 */
const LEAST_ADDED_MS = { main: 20, loose: 0 } as const;
const FACTOR = 2;

export type Measure = keyof typeof LEAST_ADDED_MS;
export const MEASURES: readonly Measure[] = ['main', 'loose'];

const SLOT_SECONDS = 10;
const LEAST_SECONDS = 60;
const LEAST_REQUESTS = 5;
/** A single better slot does not end it. */
const GAP_SECONDS = 10;

const isDelayed = ({ freeMs, addedMs }: Waiting, measure: Measure): boolean =>
  addedMs > (FACTOR - 1) * freeMs && addedMs >= LEAST_ADDED_MS[measure];

export interface Truth {
  take(second: number, waiting: Waiting): void;
  incidents(): readonly Stretch[];
}

/** Finds incidents in what was computed for each second. The onset is the first second in which it was so. */
export function createTruth(measure: Measure): Truth {
  const found: { from: number; to: number }[] = [];
  let slot = 0;
  let requests = 0;
  let freeSum = 0;
  let addedSum = 0;
  let firstDelayed: number | null = null;

  function close(): void {
    const mean = { requests, freeMs: freeSum / requests, addedMs: addedSum / requests };
    if (requests >= LEAST_REQUESTS && isDelayed(mean, measure)) {
      const from = slot * SLOT_SECONDS;
      const to = from + SLOT_SECONDS;
      const last = found.at(-1);
      if (last !== undefined && from - last.to <= GAP_SECONDS) last.to = to;
      else found.push({ from: firstDelayed ?? from, to });
    }
    requests = 0;
    freeSum = 0;
    addedSum = 0;
    firstDelayed = null;
  }

  return {
    take(second, waiting) {
      const at = Math.floor(second / SLOT_SECONDS);
      if (at !== slot) {
        close();
        slot = at;
      }
      if (waiting.requests === 0) return;
      if (isDelayed(waiting, measure)) firstDelayed ??= second;
      requests += waiting.requests;
      freeSum += waiting.requests * waiting.freeMs;
      addedSum += waiting.requests * waiting.addedMs;
    },
    incidents() {
      close();
      return found.filter(({ from, to }) => to - from >= LEAST_SECONDS);
    },
  };
}
