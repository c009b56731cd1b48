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
import { coresText, percentText, secondsText } from './words.ts';

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
  /** The limit whose throttling may be what was left of the backlog from before; the next window decides. */
  readonly unsureCores: number | null;
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
 * `wait`: measure again, for longer. `keep` and `leave_alone` end the search; a limit under which the container is calm was
 * found only where `lowestCalmCores` is not null then.
 */
export type LimitStepKind = 'raise' | 'trim' | 'take_back' | 'keep' | 'leave_alone' | 'wait';

export interface LimitStep {
  readonly kind: LimitStepKind;
  /** The limit that shall be in force after this step: a multiple of 10m, or one that was in force before. */
  readonly limitCores: number;
  /** Why, for people. */
  readonly why: string;
  readonly search: LimitSearch;
}

/** A lower limit is tried at most this often: three halvings bring the edges from a factor of 4 within 1.19. */
const MOST_TRIMS = 3;
/** Edges that lie this close to each other are close enough. */
const CLOSE_ENOUGH = 1.25;
/** Usage of this share of what could be used counts as all of it: other containers want the CPUs too. */
const ALL_OF_IT = 0.9;

export const beginSearch = (originalCores: number): LimitSearch => ({
  originalCores,
  raises: 0,
  trims: 0,
  highestThrottledCores: null,
  lowestCalmCores: null,
  widestCores: null,
  unsureCores: null,
});

/** What to do after one window under one limit. The same search, reading and bounds give the same step. */
export function nextStep(search: LimitSearch, reading: LimitReading, bounds: LimitBounds): LimitStep {
  const { limitCores, nrPeriods } = reading;
  if (nrPeriods < FEWEST_PERIODS) {
    const why = `${nrPeriods} periods with activity are too few to judge by; ${FEWEST_PERIODS} are needed`;
    return { kind: 'wait', limitCores, why, search };
  }
  if (mayBeBacklog(search, reading, bounds)) {
    const why = `${measuredText(reading)}, which may be what was left to do from before`;
    return { kind: 'wait', limitCores, why, search: { ...search, unsureCores: limitCores } };
  }
  return isCalm(reading, bounds)
    ? afterCalm(learnedCalm(search, reading), reading, bounds)
    : afterThrottling(learnedThrottled(search, reading), reading, bounds);
}

const isCalm = (reading: LimitReading, { calmPercent }: LimitBounds): boolean =>
  throttledPercentOf(reading) < calmPercent;

function measuredText(reading: LimitReading): string {
  const { nrPeriods, windowSeconds, limitCores } = reading;
  const share = `${percentText(throttledPercentOf(reading))} of ${nrPeriods} periods in ${secondsText(windowSeconds)}`;
  return `throttled in ${share} under ${coresText(limitCores)}`;
}

/** A raise that is enough still throttles until the backlog is done. Each limit gets one more window for that. */
const mayBeBacklog = (search: LimitSearch, reading: LimitReading, bounds: LimitBounds): boolean =>
  search.raises > 0 &&
  search.lowestCalmCores === null &&
  search.unsureCores !== reading.limitCores &&
  !isCalm(reading, bounds) &&
  !isSaturated(reading);

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
  const measured = measuredText(reading);
  if (calm !== null) {
    const why = `${measured}, and calm under ${coresText(calm)} before`;
    return { kind: 'take_back', limitCores: calm, why, search };
  }
  const limit = Math.min(neededLimit(reading, raises), roundedDown(bounds.maxCores));
  if (raises < bounds.maxRaises && limit > limitCores) {
    const why = `${measured}; it would have run on ${coresText(widthCoresOf(reading))} at once`;
    return { kind: 'raise', limitCores: limit, why, search: { ...search, raises: raises + 1 } };
  }
  const end = limit > limitCores ? `after ${raises} raises` : 'and no more is allowed';
  if (raises > 0 && isSaturated(reading) && follows(reading)) {
    const why = `${measured} ${end}: it uses what it is given`;
    return { kind: 'leave_alone', limitCores: originalCores, why, search };
  }
  return { kind: 'keep', limitCores, why: `${measured} ${end}`, search };
}

/** Usage that was not measured speaks against nothing. */
const follows = ({ usageCores, limitCores }: LimitReading): boolean =>
  usageCores === null || usageCores >= ALL_OF_IT * limitCores;

function afterCalm(search: LimitSearch, reading: LimitReading, bounds: LimitBounds): LimitStep {
  const { limitCores, usageCores } = reading;
  const measured = measuredText(reading);
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
  const why = `${measured}; ${coresText(trial)} may be enough`;
  return { kind: 'trim', limitCores: trial, why, search: { ...search, trims: search.trims + 1 } };
}

/** It was throttled for want of as many cores as it now uses, all the time. */
const neverSleeps = ({ raises, widestCores }: LimitSearch, { usageCores }: LimitReading): boolean =>
  raises > 0 && usageCores !== null && widestCores !== null && usageCores >= ALL_OF_IT * widestCores;

/** A lower limit that is worth a trial: between the edges, and above what is used. */
function trialLimit(search: LimitSearch, reading: LimitReading, bounds: LimitBounds): number | null {
  const { highestThrottledCores: throttled, trims } = search;
  const { limitCores: calm, usageCores } = reading;
  if (throttled === null || trims >= MOST_TRIMS || calm <= CLOSE_ENOUGH * throttled) return null;
  const least = Math.max(HEADROOM * (usageCores ?? 0), bounds.minCores);
  const trial = roundedUp(Math.max(Math.sqrt(throttled * calm), least));
  return trial < calm ? trial : null;
}
