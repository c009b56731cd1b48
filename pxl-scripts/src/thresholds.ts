import type { NetworkSymptom } from 'kernel-gossip-types';

/**
 * From which figures on a row is news. Pixie's scripts report what they measured, whether anything is wrong or not; the
 * ledger opens a whisper about any share above 0. So this is the one place where it is decided that a container at 40 % of its
 * memory has no trouble. The numbers are those by which the observer begins to tell (docs/detector.md, a test holds them
 * together), so that a pod gets the same verdict whoever looked.
 *
 * What the observer decides with its memory is decided here without one: a row is looked at by itself, whoever sent it and
 * in whatever order.
 *
 * - **At or above**: an observation.
 * - **In between**: nothing. A whisper that stands is not renewed by it, and goes quiet in time.
 * - **Throttling below two thirds, for five seconds or more**: an observation that says that it is over. Its two readings of
 *   counters cover every moment between them. It opens nothing where nothing stands.
 * - **Memory or network below**: nothing. One sample of the usage does not cover the window, least of all the first one of a
 *   container that was started anew because the one before was killed; and a row about one symptom, or one remote, says
 *   nothing about the others of the pod. What they opened ends when it is heard of no more.
 */
export const THROTTLE = {
  enterPercent: 25,
  minPeriods: 10,
  /** Below this share of `enterPercent`, or of the lasting `msPerSecond`, it is calm. */
  leaveShare: 2 / 3,
  /** It is over after this long, in seconds. */
  calmSeconds: 5,
  /**
   * A window that fits either is news. How throttling was spread within it two readings do not tell: only that the window is
   * as long as the throttled samples in it would have to be.
   */
  rules: [
    { heldSeconds: 3, msPerSecond: 50, periodsFactor: 2 },
    { heldSeconds: 4, msPerSecond: 30, periodsFactor: 1 },
  ],
  /** Samples are not exactly as far apart as they should be. */
  nearly: 0.98,
} as const;

/** In percent of the limit. */
export const MEMORY = { nearPercent: 90 } as const;

interface NetworkThreshold {
  /** Share of the attempts that failed, in percent. */
  readonly enterPercent: number;
  /** With fewer attempts there is no share to speak of. */
  readonly minAttempts: number;
}

/** Where the observer has two measures of a symptom, that of the one that Pixie counts. */
export const NETWORK: Readonly<Record<NetworkSymptom, NetworkThreshold>> = {
  retransmits: { enterPercent: 5, minAttempts: 50 },
  drops: { enterPercent: 5, minAttempts: 100 },
  resets: { enterPercent: 20, minAttempts: 20 },
  connection_failures: { enterPercent: 20, minAttempts: 10 },
  // The observer does not see look-ups. As of requests for a connection: each one that fails costs seconds (resolv.conf(5), timeout).
  dns_failures: { enterPercent: 5, minAttempts: 20 },
};
