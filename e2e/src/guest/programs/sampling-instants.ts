import type { Clock } from 'kernel-gossip-observer';
import type { Counters } from './groups.ts';

/** Between what two values the change of a group's counters from one sample to another was. */
export interface Bounds {
  readonly least: Counters;
  readonly most: Counters;
}

type CountersByPath = ReadonlyMap<string, Counters | null>;

/** One turn of the event loop in which there was time for a sample. */
interface Instant {
  /** Each answer of the monotonic clock, one of which is the time of the sample. */
  readonly atMs: number[];
  readonly first: CountersByPath;
  last: CountersByPath;
}

interface Window {
  readonly endWallMs: number;
  readonly seconds: number;
  readonly isFirst: boolean;
}

/** Messages have six digits of a second, wall times whole milliseconds; a sweep takes longer than it should here. */
const EXACT_MS = 0.002;
const NEAR_MS = 200;
const NOTHING: Counters = { nrPeriods: 0, nrThrottled: 0, throttledUs: 0 };

/**
 * A clock for the observer that reads the counters itself whenever it is asked for the time. The observer asks right
 * before a reading and after it, within one turn of the event loop: so its reading lies between the first and the last
 * of that turn. Where these two are equal, so is what it read.
 */
export class SamplingInstants {
  readonly #paths: readonly string[];
  readonly #read: (path: string) => Counters | null;
  readonly #instants: Instant[] = [];
  #now: Instant | null = null;

  constructor(paths: readonly string[], read: (path: string) => Counters | null) {
    this.#paths = paths;
    this.#read = read;
  }

  readonly clock: Clock = {
    monotonicMs: () => {
      const nowMs = this.#note();
      this.#now?.atMs.push(nowMs);
      return nowMs;
    },
    wallMs: () => performance.timeOrigin + this.#note(),
  };

  /**
   * For a window of this length that ended about then. Its length tells its two samples from all others. Null where
   * there are no two such samples. A group's first window may begin when the group was made, with nothing counted.
   */
  boundsOf(path: string, { endWallMs, seconds, isFirst }: Window): Bounds | null {
    const lengthMs = seconds * 1000;
    const endMs = endWallMs - performance.timeOrigin;
    const known = this.#instants.filter(({ last }) => last.get(path) != null);
    for (const to of known.filter(({ atMs }) => atMs.some((ms) => Math.abs(ms - endMs) < NEAR_MS))) {
      const from = known.find(({ atMs }) =>
        atMs.some((start) => to.atMs.some((end) => Math.abs(end - start - lengthMs) < EXACT_MS)),
      );
      if (from !== undefined) return boundsBetween(path, from, to, isFirst);
    }
    return null;
  }

  #note(): number {
    const counters = new Map(this.#paths.map((path) => [path, this.#read(path)]));
    if (this.#now === null) {
      this.#now = { atMs: [], first: counters, last: counters };
      this.#instants.push(this.#now);
      queueMicrotask(() => (this.#now = null));
    }
    this.#now.last = counters;
    return performance.now();
  }
}

function boundsBetween(path: string, from: Instant, to: Instant, isFirst: boolean): Bounds {
  const at = (counters: CountersByPath): Counters => counters.get(path) ?? NOTHING;
  return {
    least: difference(at(from.last), at(to.first)),
    most: difference(isFirst ? NOTHING : at(from.first), at(to.last)),
  };
}

const difference = (from: Counters, to: Counters): Counters => ({
  nrPeriods: to.nrPeriods - from.nrPeriods,
  nrThrottled: to.nrThrottled - from.nrThrottled,
  throttledUs: to.throttledUs - from.throttledUs,
});
