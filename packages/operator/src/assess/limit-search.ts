import {
  FEWEST_PERIODS,
  HEADROOM,
  isSaturated,
  neededLimit,
  roundedDown,
  roundedUp,
  throttledPercentOf,
  widthCoresOf,
  type LimitReading,
} from './needed-limit.ts';
import { coresText, percentText } from './words.ts';

/** What was learned so far of the limit that a container needs. Plain numbers, so that it can be kept on an object. */
export interface LimitSearch {
  /** What it had before the first step. */
  readonly originalCores: number;
  readonly raises: number;
  readonly trims: number;
  /** The highest limit under which it was throttled; always below `lowestCalmCores`. */
  readonly highestThrottledCores: number | null;
  /** The lowest limit under which it was not. */
  readonly lowestCalmCores: number | null;
  /**
   * The most cores on which it would have run at the same time, of the windows in which no quota was left over. One who
   * leaves some over sleeps at times.
   */
  readonly widestCores: number | null;
}

/** What the caller allows. */
export interface LimitBounds {
  readonly maxCores: number;
  /** The request: a limit below it is refused. */
  readonly minCores: number;
  /** Below this share of throttled periods it is calm. */
  readonly calmPercent: number;
  readonly maxRaises: number;
}

/**
 * `raise`, `trim` and `take_back` change the limit; then wait until the backlog is gone, measure, and ask again.
 * `wait`: measure for longer. `keep` and `leave_alone` end the search; only where `lowestCalmCores` is not null then, a
 * limit was found under which it is calm.
 */
export type LimitStepKind = 'raise' | 'trim' | 'take_back' | 'keep' | 'leave_alone' | 'wait';

export interface LimitStep {
  readonly kind: LimitStepKind;
  /** The limit that shall be in force after this step, a multiple of 10m unless it is one that was found. */
  readonly limitCores: number;
  /** Why, for people. */
  readonly why: string;
  readonly search: LimitSearch;
}

/** A lower limit is tried at most this often: three halvings bring the edges from a factor of 4 within 1.19. */
const MOST_TRIMS = 3;
/** Edges that lie this close to each other are close enough. */
const CLOSE_ENOUGH = 1.25;
/** Usage that comes this close to the limit follows it. */
const FOLLOWS = 0.9;
/** A program that runs for this share of what it could run at most never sleeps. */
const NEVER_SLEEPS = 0.95;

export const beginSearch = (originalCores: number): LimitSearch => ({
  originalCores,
  raises: 0,
  trims: 0,
  highestThrottledCores: null,
  lowestCalmCores: null,
  widestCores: null,
});

/** What to do after one window under one limit. The same search, reading and bounds give the same step. */
export function nextStep(search: LimitSearch, reading: LimitReading, bounds: LimitBounds): LimitStep {
  if (reading.limitCores <= 0 || reading.nrPeriods < FEWEST_PERIODS) {
    return {
      kind: 'wait',
      limitCores: reading.limitCores,
      why: `${reading.nrPeriods} periods with activity are too few to judge by; ${FEWEST_PERIODS} are needed`,
      search,
    };
  }
  return throttledPercentOf(reading) < bounds.calmPercent
    ? afterCalm(learnedCalm(search, reading), reading, bounds)
    : afterThrottling(learnedThrottled(search, reading), reading, bounds);
}

/** An edge that contradicts what was just measured is out of date. */
function learnedCalm(search: LimitSearch, { limitCores }: LimitReading): LimitSearch {
  const { highestThrottledCores: throttled, lowestCalmCores: calm } = search;
  return {
    ...search,
    highestThrottledCores: throttled !== null && throttled < limitCores ? throttled : null,
    lowestCalmCores: Math.min(calm ?? limitCores, limitCores),
  };
}

function learnedThrottled(search: LimitSearch, reading: LimitReading): LimitSearch {
  const { limitCores } = reading;
  const { highestThrottledCores: throttled, lowestCalmCores: calm, widestCores: widest } = search;
  return {
    ...search,
    highestThrottledCores: Math.max(throttled ?? limitCores, limitCores),
    lowestCalmCores: calm !== null && calm > limitCores ? calm : null,
    widestCores: isSaturated(reading) ? Math.max(widest ?? 0, widthCoresOf(reading)) : widest,
  };
}

function afterThrottling(search: LimitSearch, reading: LimitReading, bounds: LimitBounds): LimitStep {
  const { lowestCalmCores: calm, raises, originalCores } = search;
  const { limitCores } = reading;
  const measured = `throttled in ${percentText(throttledPercentOf(reading))} of periods under ${coresText(limitCores)}`;
  if (calm !== null) {
    return { kind: 'take_back', limitCores: calm, why: `${measured}, calm under ${coresText(calm)}`, search };
  }
  const limit = Math.min(neededLimit(reading, raises), roundedDown(bounds.maxCores));
  if (raises < bounds.maxRaises && limit > limitCores) {
    const width = `it would have run on ${coresText(widthCoresOf(reading))} at once`;
    return {
      kind: 'raise',
      limitCores: limit,
      why: `${measured}; ${width}`,
      search: { ...search, raises: raises + 1 },
    };
  }
  const end = limit > limitCores ? `after ${raises} raises` : 'and no more is allowed';
  if (raises > 0 && isSaturated(reading) && follows(reading)) {
    return {
      kind: 'leave_alone',
      limitCores: originalCores,
      why: `${measured} ${end}: it uses what it is given`,
      search,
    };
  }
  return { kind: 'keep', limitCores, why: `${measured} ${end}`, search };
}

/** Usage that was not measured speaks against nothing. */
const follows = ({ usageCores, limitCores }: LimitReading): boolean =>
  usageCores === null || usageCores >= FOLLOWS * limitCores;

function afterCalm(search: LimitSearch, reading: LimitReading, bounds: LimitBounds): LimitStep {
  const { limitCores, usageCores } = reading;
  const measured = `throttled in ${percentText(throttledPercentOf(reading))} of periods under ${coresText(limitCores)}`;
  if (neverSleeps(search, reading)) {
    return {
      kind: 'leave_alone',
      limitCores: search.originalCores,
      why: `it used ${coresText(usageCores ?? 0)} and never slept: it uses what it is given`,
      search: { ...search, lowestCalmCores: null },
    };
  }
  const trial = trialLimit(search, reading, bounds);
  if (trial === null) return { kind: 'keep', limitCores, why: measured, search };
  return {
    kind: 'trim',
    limitCores: trial,
    why: `${measured}; ${coresText(trial)} may be enough`,
    search: { ...search, trims: search.trims + 1 },
  };
}

/** It was throttled for want of as many cores as it now uses, all the time. */
const neverSleeps = ({ raises, widestCores }: LimitSearch, { usageCores }: LimitReading): boolean =>
  raises > 0 && usageCores !== null && widestCores !== null && usageCores >= NEVER_SLEEPS * widestCores;

/** A lower limit that is worth a trial: between the edges, and above what is used. */
function trialLimit(search: LimitSearch, reading: LimitReading, bounds: LimitBounds): number | null {
  const { highestThrottledCores: throttled, trims } = search;
  const { limitCores: calm, usageCores } = reading;
  if (throttled === null || trims >= MOST_TRIMS || calm <= CLOSE_ENOUGH * throttled) return null;
  const least = Math.max(HEADROOM * (usageCores ?? 0), bounds.minCores);
  const trial = roundedUp(Math.max(Math.sqrt(throttled * calm), least));
  return trial < calm ? trial : null;
}
