import { createContainer, type Container } from './cfs.ts';
import { between, type Random } from './random.ts';

export const HOUR = 3600;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

/** One container of the simulated cluster. */
export interface Member {
  readonly container: Container;
  /** Whether somebody waits for its work. */
  readonly isServing: boolean;
  /** Makes what comes in at this second; true where the container was started anew. */
  readonly step: (second: number) => boolean;
}

export interface Archetype {
  readonly name: string;
  readonly about: string;
  readonly count: number;
  readonly make: (random: Random) => Member;
}

const pick = <A>(random: Random, from: readonly A[]): A => from[Math.floor(random() * from.length)] as A;

/** A job that comes again and again, for which nobody waits. */
function recurring(
  random: Random,
  limitCores: number,
  everySeconds: number,
  job: { readonly leastMs: number; readonly mostMs: number; readonly threads: number },
): Member {
  const container = createContainer({ limitCores, threads: job.threads }, random);
  let next = Math.floor(between(random, 0, everySeconds));
  return {
    container,
    isServing: false,
    step(second) {
      if (second < next) return false;
      container.addJob(between(random, job.leastMs, job.mostMs), job.threads);
      next = second + Math.max(1, Math.round(everySeconds * between(random, 0.97, 1.03)));
      return false;
    },
  };
}

interface Surge {
  readonly from: number;
  readonly to: number;
  readonly factor: number;
}

/** Times at which something happens, so many a day on average, in order. */
function surges(
  random: Random,
  perDay: number,
  seconds: readonly [number, number],
  factors: readonly [number, number],
): Surge[] {
  const all: Surge[] = [];
  for (
    let at = (-Math.log(1 - random()) * DAY) / perDay;
    at < WEEK;
    at += (-Math.log(1 - random()) * DAY) / perDay
  ) {
    const from = Math.floor(at);
    // Most are short, some are long.
    const length = seconds[0] * (seconds[1] / seconds[0]) ** random();
    all.push({ from, to: from + Math.ceil(length), factor: between(random, ...factors) });
  }
  return all;
}

/** A service that is busiest in the afternoon; `limitShare` is what it uses of its limit then. */
function service(
  random: Random,
  shape: {
    readonly limitCores: number;
    readonly workMs: number;
    readonly threads: number;
    readonly fanOut: number;
    readonly limitShare: number;
    readonly swing: number;
    readonly surges: readonly Surge[];
    readonly isSurgeOfWork: boolean;
  },
): Member {
  const { limitCores, workMs, threads, fanOut, limitShare, swing, isSurgeOfWork } = shape;
  const container = createContainer({ limitCores, threads }, random);
  const { demand } = container;
  const most = (limitCores * 1000 * limitShare) / workMs;
  const phase = between(random, -2, 2) * HOUR;
  const all = shape.surges;
  demand.fanOut = fanOut;
  let usual = 0;
  let index = 0;
  return {
    container,
    isServing: true,
    step(second) {
      if (second % 60 === 0) {
        const ofDay = Math.cos((2 * Math.PI * (second + phase - 15 * HOUR)) / DAY);
        usual = most * (1 - swing * (0.5 - 0.5 * ofDay)) * between(random, 0.93, 1.07);
      }
      while (index < all.length && second >= (all[index]?.to ?? 0)) index += 1;
      const surge = all[index];
      const factor = surge !== undefined && second >= surge.from ? surge.factor : 1;
      demand.perSecond = isSurgeOfWork ? usual : usual * factor;
      demand.workMs = isSurgeOfWork ? workMs * factor : workMs;
      return false;
    },
  };
}

const inOrder = (...lists: readonly (readonly Surge[])[]): Surge[] =>
  lists.flat().toSorted((one, other) => one.from - other.from);

/** A service that is started anew once a day and then has much to do before it serves. */
function restarting(random: Random): Member {
  const limitCores = pick(random, [0.5, 1]);
  const served = service(random, {
    limitCores,
    workMs: 8,
    threads: 8,
    fanOut: 1,
    limitShare: 0.3,
    swing: 0.5,
    surges: [],
    isSurgeOfWork: false,
  });
  const at = Math.floor(between(random, 9 * HOUR, 18 * HOUR));
  const { container } = served;
  return {
    ...served,
    step(second) {
      const isStart = second % DAY === at;
      if (isStart) container.addJob(between(random, 12_000, 40_000), 3);
      served.step(second);
      if (container.jobsLeftMs() > 0) container.demand.perSecond = 0;
      return isStart;
    },
  };
}

/** Busy for a while, then not, from morning to evening. */
function flapping(random: Random): Member {
  const container = createContainer({ limitCores: pick(random, [0.2, 0.5]), threads: 2 }, random);
  let next = 0;
  return {
    container,
    isServing: false,
    step(second) {
      const hour = (second % DAY) / HOUR;
      if (second < next || hour < 7 || hour > 20) return false;
      container.addJob(between(random, 3000, 12_000), 2);
      next = second + Math.round(between(random, 60, 180));
      return false;
    },
  };
}

export const ARCHETYPES: readonly Archetype[] = [
  {
    name: 'idle sidecar',
    about: '10m to 20m; 1 to 4 ms of work every 5 to 60 s',
    count: 70,
    make: (random) =>
      recurring(random, pick(random, [0.01, 0.02]), between(random, 5, 60), {
        leastMs: 1,
        mostMs: 4,
        threads: 1,
      }),
  },
  {
    name: 'scraped sidecar',
    about: '20m to 50m; 8 to 25 ms of work every 15 to 60 s',
    count: 30,
    make: (random) =>
      recurring(random, pick(random, [0.02, 0.03, 0.05]), pick(random, [15, 30, 60]), {
        leastMs: 8,
        mostMs: 25,
        threads: 1,
      }),
  },
  {
    name: 'cron in a container',
    about: '100m to 300m; 1 to 8 s of work every 5 to 60 minutes',
    count: 25,
    make: (random) =>
      recurring(random, pick(random, [0.1, 0.2, 0.3]), pick(random, [300, 600, 900, 3600]), {
        leastMs: 1000,
        mostMs: 8000,
        threads: 1,
      }),
  },
  {
    name: 'near its limit',
    about: 'uses 65 to 97 % of its limit all day; 3 to 20 ms per request',
    count: 30,
    make: (random) =>
      service(random, {
        limitCores: pick(random, [0.2, 0.5, 1]),
        workMs: between(random, 3, 20),
        threads: 8,
        fanOut: 1,
        limitShare: between(random, 0.65, 0.97),
        swing: 0.1,
        surges: [],
        isSurgeOfWork: false,
      }),
  },
  {
    name: 'web service',
    about: 'day and night; surges of 5 to 40 s twice a day, overload of 90 s to 40 minutes every third day',
    count: 75,
    make: (random) =>
      service(random, {
        limitCores: pick(random, [0.5, 1, 2]),
        workMs: between(random, 4, 25),
        threads: 16,
        fanOut: 1,
        limitShare: between(random, 0.25, 0.5),
        swing: 0.8,
        surges: inOrder(surges(random, 2, [5, 40], [1.5, 4]), surges(random, 1 / 3, [90, 2400], [3, 12])),
        isSurgeOfWork: false,
      }),
  },
  {
    name: 'fan-out service',
    about: 'each request on 8 threads; overload as above',
    count: 15,
    make: (random) =>
      service(random, {
        limitCores: pick(random, [1, 2]),
        workMs: 40,
        threads: 8,
        fanOut: 8,
        limitShare: between(random, 0.2, 0.4),
        swing: 0.8,
        surges: surges(random, 1 / 3, [90, 2400], [3, 12]),
        isSurgeOfWork: false,
      }),
  },
  {
    name: 'slow beat',
    about:
      '100m to 200m; 1 to 3 requests a second of 4 to 8 ms, which now and then take 3 to 8 times the work',
    count: 15,
    make: (random) => {
      const limitCores = pick(random, [0.1, 0.2]);
      const workMs = between(random, 4, 8);
      return service(random, {
        limitCores,
        workMs,
        threads: 1,
        fanOut: 1,
        limitShare: (between(random, 1, 3) * workMs) / (limitCores * 1000),
        swing: 0.2,
        surges: surges(random, 1 / 3, [120, 1800], [3, 8]),
        isSurgeOfWork: true,
      });
    },
  },
  {
    name: 'service with daily starts',
    about: '0.5 to 1 core; 12 to 40 s of work on 3 threads before it serves',
    count: 20,
    make: restarting,
  },
  {
    name: 'nightly batch',
    about: '2 threads under 0.5 to 1 core for 40 minutes to 3 hours, once a night',
    count: 10,
    make: (random) => {
      const limitCores = pick(random, [0.5, 1]);
      const seconds = between(random, 2400, 10_800);
      const workMs = limitCores * 1000 * seconds;
      return recurring(random, limitCores, DAY, { leastMs: workMs * 0.9, mostMs: workMs * 1.1, threads: 2 });
    },
  },
  {
    name: 'flapping worker',
    about: '200m to 500m; 3 to 12 s of work on 2 threads every 1 to 3 minutes from 7 to 20 h',
    count: 10,
    make: flapping,
  },
];
