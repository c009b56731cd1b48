import {
  beginSearch,
  nextStep,
  type LimitBounds,
  type LimitStep,
} from '../../../packages/operator/src/assess/limit-search.ts';
import { throttledPercentOf, type LimitReading } from '../../../packages/operator/src/assess/needed-limit.ts';
import { WINDOW_MS, withLoad, type Bench, type LimitedLoad } from './limited-load.ts';
import { demandOf, type Load } from './loads.ts';

/** A search that has not ended by then does not end. */
const MOST_STEPS = 20;
const LONGEST_WINDOW_MS = 4 * WINDOW_MS;
/** The smallest sufficient limit is found to this share of it. */
const RESOLUTION = 0.08;
/** Of what a load demands; a window may begin or end beside a part. */
const SERVED = 0.9;

/** A load that does not get what it demands is not calm, it is kept from the CPUs by someone else. */
export const isServed = ({ usageCores }: LimitReading, load: Load): boolean =>
  usageCores !== null && usageCores >= SERVED * demandOf(load);

export interface Measured {
  readonly reading: LimitReading;
  readonly step: LimitStep;
}

/** Follows the rule from one limit to its end; the last reading is of the limit that it kept, or left. */
async function follow(
  load: LimitedLoad,
  startCores: number,
  bounds: LimitBounds,
): Promise<readonly Measured[]> {
  const course: Measured[] = [];
  let [search, limitCores, windowMs] = [beginSearch(startCores), startCores, WINDOW_MS];
  while (course.length < MOST_STEPS) {
    const reading = await load.measure(limitCores, windowMs);
    const step = nextStep(search, reading, bounds);
    course.push({ reading, step });
    if (step.kind === 'keep' || step.kind === 'leave_alone') return course;
    ({ search, limitCores } = step);
    windowMs = step.kind === 'wait' ? Math.min(2 * windowMs, LONGEST_WINDOW_MS) : WINDOW_MS;
  }
  return course;
}

/** The course of the search for a load that starts under a limit. */
export const courseOf = (
  bench: Bench,
  load: Load,
  startCores: number,
  bounds: LimitBounds,
): Promise<readonly Measured[]> => withLoad(bench, load, (limited) => follow(limited, startCores, bounds));

/** The smallest limit under which a load is calm from its start, by bisection; each trial begins anew. */
export async function smallestSufficient(bench: Bench, load: Load, bounds: LimitBounds): Promise<number> {
  let [low, high] = [0.9 * demandOf(load), Math.min(load.threads, bounds.maxCores)];
  while (high > low * (1 + RESOLUTION)) {
    const middle = Math.sqrt(low * high);
    const reading = await withLoad(bench, load, ({ measure }) => measure(middle));
    if (throttledPercentOf(reading) < bounds.calmPercent && isServed(reading, load)) high = middle;
    else low = middle;
  }
  return high;
}
