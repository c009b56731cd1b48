import { Poisson, type Random } from './random.ts';

// A small model of CFS bandwidth control: periods of 100 ms, a quota of run time in each, what is left over waits. Beside it the same
// work without a quota, so that it is known what the quota alone does to it. Work is a fluid: it is not said which request waits.

export const PERIOD_MS = 100;

/** How work comes in, from one moment on. */
export interface Demand {
  /** Pieces of work per second, at random. */
  perSecond: number;
  /** CPU time of one piece, in milliseconds, give or take a quarter. */
  workMs: number;
  /** Threads that share one piece. */
  fanOut: number;
}

/** What the kernel would count in one second, and what it meant for the work. */
export interface Second {
  readonly seconds: 1;
  nrPeriods: number;
  nrThrottled: number;
  throttledMs: number;
  pieces: number;
  arrivedMs: number;
  /** Work that waited, times how long it did, in ms². */
  waitedMs2: number;
  /** The same without a quota. */
  freeMs2: number;
}

export interface Container {
  readonly demand: Demand;
  readonly second: Second;
  /** Adds a job of so much CPU time, in milliseconds, for so many threads. */
  addJob(workMs: number, threads: number): void;
  /** Runs one second and leaves the figures in `second`; false where nothing ran. */
  run(): boolean;
  /** CPU time of jobs that is not done, in milliseconds. */
  jobsLeftMs(): number;
}

export interface Shape {
  readonly limitCores: number;
  /** Threads that can run at the same time. */
  readonly threads: number;
}

/** One container. Its figures are written into one object again and again: a week has 180 million seconds of them. */
export function createContainer({ limitCores, threads }: Shape, random: Random): Container {
  const quotaMs = limitCores * PERIOD_MS;
  const demand: Demand = { perSecond: 0, workMs: 0, fanOut: 1 };
  const second: Second = {
    seconds: 1,
    nrPeriods: 0,
    nrThrottled: 0,
    throttledMs: 0,
    pieces: 0,
    arrivedMs: 0,
    waitedMs2: 0,
    freeMs2: 0,
  };
  let waitingMs = 0;
  let freeMs = 0;
  let jobThreads = 1;
  let jobMs = 0;
  const arrivals = new Poisson(random);

  /** Threads that run when a period begins with what waits and gets so many pieces more. */
  function speedOf(pieces: number): number {
    const waiting =
      jobMs > 0 ? jobThreads : demand.fanOut * Math.ceil(waitingMs / (demand.workMs || Infinity));
    return Math.max(1, Math.min(threads, waiting + pieces * demand.fanOut));
  }

  /** When the quota runs out: when so much was wanted, and not before so much could run. */
  function outAfterMs(startMs: number, speed: number, pieces: number, arrivedMs: number): number {
    const isSpread = pieces > 1 && waitingMs < quotaMs;
    const wantedAtMs = isSpread ? (PERIOD_MS * (quotaMs - waitingMs)) / arrivedMs : 0;
    return Math.max(startMs + quotaMs / speed, wantedAtMs);
  }

  /** Run time is withheld on each CPU that has something left to run. */
  function throttle(leftMs: number, speed: number, outMs: number): void {
    const leftThreads = jobMs > 0 ? jobThreads : Math.ceil((leftMs * demand.fanOut) / demand.workMs);
    second.nrThrottled += 1;
    second.throttledMs += (PERIOD_MS - outMs) * Math.max(1, Math.min(speed, leftThreads));
  }

  function period(pieces: number): void {
    const arrivedMs = pieces === 0 ? 0 : pieces * demand.workMs * (0.75 + 0.5 * random());
    const wantedMs = waitingMs + arrivedMs;
    if (wantedMs <= 0) return;
    second.nrPeriods += 1;
    second.pieces += pieces;
    second.arrivedMs += arrivedMs;
    // Most periods: all of it can run at once.
    if (waitingMs === 0 && wantedMs <= quotaMs) return;
    const speed = speedOf(pieces);
    const startMs = waitingMs > 0 ? 0 : PERIOD_MS * (1 - random() ** (1 / pieces));
    const outMs = outAfterMs(startMs, speed, pieces, arrivedMs);
    const couldRunMs = (PERIOD_MS - startMs) * speed;
    const leftMs = wantedMs - Math.min(wantedMs, quotaMs, couldRunMs);
    if (wantedMs > quotaMs && outMs < PERIOD_MS) throttle(leftMs, speed, outMs);
    second.waitedMs2 += ((waitingMs + leftMs) / 2) * PERIOD_MS;
    jobMs = Math.min(Math.max(0, jobMs - (wantedMs - leftMs)), leftMs);
    waitingMs = leftMs < 1e-6 ? 0 : leftMs;
    const freeLeftMs = Math.max(0, freeMs + arrivedMs - couldRunMs);
    second.freeMs2 += ((freeMs + freeLeftMs) / 2) * PERIOD_MS;
    freeMs = Math.min(freeLeftMs, waitingMs);
  }

  return {
    demand,
    second,
    jobsLeftMs: () => jobMs,
    addJob(workMs, forThreads) {
      waitingMs += workMs;
      freeMs += workMs;
      jobMs += workMs;
      jobThreads = forThreads;
    },
    run() {
      second.nrPeriods = 0;
      second.nrThrottled = 0;
      second.throttledMs = 0;
      second.pieces = 0;
      second.arrivedMs = 0;
      second.waitedMs2 = 0;
      second.freeMs2 = 0;
      const mean = demand.perSecond / 10;
      if (mean === 0 && waitingMs === 0) return false;
      arrivals.setMean(mean);
      for (let index = 0; index < 10; index += 1) period(mean === 0 ? 0 : arrivals.draw());
      return second.nrPeriods > 0;
    },
  };
}
