/**
 * Whether the rule for CPU limits finds what a throttled container needs: loads of known demand under real quotas, each
 * from 10, 30, 50, 70 and 90 % of its demand, and programs that would use any limit, which must be left alone.
 *
 * `--cases 6` takes only so many of the 45, spread over all. Prints a table in Markdown. Makes cgroups as root.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findHierarchy } from 'kernel-gossip-observer';
import type { LimitBounds } from '../../packages/operator/src/assess/limit-search.ts';
import { roundedUp, throttledPercentOf } from '../../packages/operator/src/assess/needed-limit.ts';
import { courseOf, isServed, smallestSufficient, type Measured } from './needed-limit/follow-search.ts';
import { buildLoad, type Bench } from './needed-limit/limited-load.ts';
import { demandOf, HUNGRY, LOADS, nameOf, type Load } from './needed-limit/loads.ts';

const SHARES = [10, 30, 50, 70, 90] as const;
const MOST_RATIO = 1.5;
const WANTED_SHARE = 0.9;
/** A little is left for this process and for the machine. */
const BOUNDS: LimitBounds = {
  maxCores: availableParallelism() - 0.2,
  minCores: 0.01,
  calmPercent: 5,
  maxRaises: 3,
};
/** One thread gets all that it can use, and is known by that; two are throttled up to the highest limit allowed. */
const HUNGRY_START_CORES = 0.2;
const HUNGRY_BOUNDS: Readonly<Record<number, LimitBounds>> = { 1: BOUNDS, 2: { ...BOUNDS, maxCores: 1 } };
const MARKS = { raise: '', trim: '', keep: '', wait: ' again', take_back: ' no', leave_alone: ' left alone' };

const COLUMNS = [
  ...['load', 'demand', 'from', 'limits tried (throttled)', 'raises', 'throttled', 'served'],
  ...['limit', 'smallest', 'ratio', 'ok'],
];

interface Case {
  readonly load: Load;
  readonly share: (typeof SHARES)[number];
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (...cells: readonly string[]): void => say(`| ${cells.join(' | ')} |`);
const cores = (value: number): string => value.toFixed(2);
const percent = (value: number): string => `${value.toFixed(0)} %`;

/** Each limit with the share of periods that was throttled under it. */
const limitsOf = (course: readonly Measured[]): string =>
  course
    .map(({ reading, step }) => {
      const throttled = percent(throttledPercentOf(reading));
      return `${cores(reading.limitCores)} (${throttled})${MARKS[step.kind]}`;
    })
    .join(', ');

/** Of many, so many that are spread over all of them. */
const spread = <T>(all: readonly T[], count: number): readonly T[] =>
  all.filter(
    (_, index) => Math.floor(((index + 1) * count) / all.length) > Math.floor((index * count) / all.length),
  );

interface Outcome {
  readonly isCalm: boolean;
  readonly isClose: boolean;
}

async function measureCase(bench: Bench, { load, share }: Case, smallestCores: number): Promise<Outcome> {
  const demand = demandOf(load);
  const course = await courseOf(bench, load, roundedUp((demand * share) / 100), BOUNDS);
  const { reading, step } = course.at(-1)!;
  const { raises, lowestCalmCores } = step.search;
  const isCalm = step.kind === 'keep' && lowestCalmCores !== null && isServed(reading, load);
  const ratio = step.limitCores / smallestCores;
  const isClose = isCalm && ratio <= MOST_RATIO;
  row(
    nameOf(load),
    cores(demand),
    percent(share),
    limitsOf(course),
    String(raises),
    percent(throttledPercentOf(reading)),
    percent((100 * (reading.usageCores ?? 0)) / demand),
    cores(step.limitCores),
    cores(smallestCores),
    ratio.toFixed(2),
    isClose ? 'yes' : '**no**',
  );
  return { isCalm, isClose };
}

async function measureHungry(bench: Bench, load: Load): Promise<boolean> {
  const course = await courseOf(bench, load, HUNGRY_START_CORES, HUNGRY_BOUNDS[load.threads]!);
  const { step } = course.at(-1)!;
  const isLeft = step.kind === 'leave_alone' && step.limitCores === HUNGRY_START_CORES;
  row(
    ...[nameOf(load), 'any', '', limitsOf(course), String(step.search.raises), '', ''],
    ...[cores(step.limitCores), 'none', '', isLeft ? 'yes' : '**no**'],
  );
  return isLeft;
}

async function measureAll(bench: Bench, cases: readonly Case[]): Promise<boolean> {
  row(...COLUMNS);
  row(...COLUMNS.map(() => '---'));
  const outcomes: Outcome[] = [];
  for (const load of LOADS) {
    const own = cases.filter((one) => one.load === load);
    if (own.length === 0) continue;
    const smallestCores = await smallestSufficient(bench, load, BOUNDS);
    for (const one of own) outcomes.push(await measureCase(bench, one, smallestCores));
  }
  const left: boolean[] = [];
  for (const load of HUNGRY) left.push(await measureHungry(bench, load));

  const calm = outcomes.filter(({ isCalm }) => isCalm).length;
  const close = outcomes.filter(({ isClose }) => isClose).length;
  const wanted = WANTED_SHARE * outcomes.length;
  const isMet = calm >= wanted && close >= wanted && left.every(Boolean);
  say('');
  say(
    `calm after <= ${BOUNDS.maxRaises} raises: ${calm} of ${outcomes.length}; ` +
      `trimmed limit within ${MOST_RATIO}x: ${close} of ${outcomes.length}; ` +
      `left alone: ${left.filter(Boolean).length} of ${left.length}: ${isMet ? 'met' : 'NOT met'}`,
  );
  return isMet;
}

const { values } = parseArgs({ options: { cases: { type: 'string' } } });
const all = LOADS.flatMap((load) => SHARES.map((share): Case => ({ load, share })));
const count = Number(values.cases ?? all.length);
if (!Number.isInteger(count) || count < 1) throw new Error('--cases takes a whole number from 1 on');
const cases = spread(all, Math.min(all.length, count));
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-limit-'));
try {
  const hierarchy = findHierarchy(process.env.KGOSSIP_CGROUP_ROOT ?? '/sys/fs/cgroup');
  const start = performance.now();
  const isMet = await measureAll(
    { hierarchy, program: buildLoad(directory), signal: stopping.signal },
    cases,
  );
  say(
    `Linux ${release()}, cgroup version ${hierarchy.version}, ${availableParallelism()} CPUs, Node ${process.version}; ` +
      `${Math.round((performance.now() - start) / 1000)} s`,
  );
  process.exitCode = isMet ? 0 : 1;
} catch (error) {
  if (!stopping.signal.aborted) throw error;
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
