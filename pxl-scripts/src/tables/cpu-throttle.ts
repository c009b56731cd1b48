import { isLeft } from 'fp-ts/lib/Either.js';
import { cores, count, seconds } from 'kernel-gossip-types';
import { THROTTLE } from '../thresholds.ts';
import { counter, moment, nanoseconds, reader, type CellsOf, type Row } from './cell.ts';
import { CONTAINER, containerOf, rounded, table } from './common.ts';

const COLUMNS = {
  ...CONTAINER,
  cgroup_id: counter,
  first_time: moment,
  quota_ns: nanoseconds,
  period_ns: nanoseconds,
  nr_periods_first: counter,
  nr_periods_last: counter,
  nr_throttled_first: counter,
  nr_throttled_last: counter,
  throttled_ns_first: counter,
  throttled_ns_last: counter,
  cpu_ns: nanoseconds,
  cpu_window_ns: nanoseconds,
} as const;

const read = reader(COLUMNS);
type Cells = CellsOf<typeof COLUMNS>;

/** The counters of one `cfs_bandwidth` at one moment. */
interface Reading {
  readonly at: bigint;
  readonly periods: bigint;
  readonly throttled: bigint;
  readonly withheldNs: bigint;
}

/** What happened between two readings. */
interface Window {
  readonly seconds: number;
  readonly periods: number;
  readonly throttled: number;
  readonly withheldSeconds: number;
}

/** The rows say -1 where a counter could not be read: then there is no reading. */
function readingOf(
  at: bigint | null,
  periods: bigint | null,
  throttled: bigint | null,
  withheldNs: bigint | null,
): Reading | null {
  return at === null || periods === null || throttled === null || withheldNs === null
    ? null
    : { at, periods, throttled, withheldNs };
}

const firstOf = (cells: Cells): Reading | null =>
  readingOf(cells.first_time, cells.nr_periods_first, cells.nr_throttled_first, cells.throttled_ns_first);

const lastOf = (cells: Cells): Reading | null =>
  readingOf(cells.time_, cells.nr_periods_last, cells.nr_throttled_last, cells.throttled_ns_last);

/** Null where they are not in order, or a counter fell: it was reset, and what was counted in between is unknown. */
function between(before: Reading | null, after: Reading | null): Window | null {
  if (before === null || after === null || after.at <= before.at) return null;
  const { periods, throttled, withheldNs } = before;
  if (after.periods < periods || after.throttled < throttled || after.withheldNs < withheldNs) return null;
  const window = {
    seconds: Number(after.at - before.at) / 1e9,
    periods: Number(after.periods - periods),
    throttled: Number(after.throttled - throttled),
    withheldSeconds: Number(after.withheldNs - withheldNs) / 1e9,
  };
  return isPlausible(window) ? window : null;
}

/** Figures that nothing can be told with were never counted by a kernel. */
const isPlausible = ({ periods, throttled, withheldSeconds }: Window): boolean =>
  count.is(periods) && count.is(throttled) && seconds.is(withheldSeconds);

/** What must be the same for figures of two rows to be put together: the group that the counters are of, and its limit. */
const GROUP = ['container_id', 'cgroup_id', 'quota_ns', 'period_ns'] as const;

/** The probe tells of a busy group each second. A longer gap is time without it, and would thin the figures out. */
const LONGEST_GAP_NS = 5_000_000_000n;

/** The last reading of the row before; null where it is not of the same group and limit, or not right before this row. */
function lastOfPrevious(cells: Cells, previous: Row | undefined): Reading | null {
  if (previous === undefined || cells.container_id === null || cells.first_time === null) return null;
  const before = read(previous);
  if (isLeft(before) || cells.first_time - before.right.time_ > LONGEST_GAP_NS) return null;
  return GROUP.every((column) => before.right[column] === cells[column]) ? lastOf(before.right) : null;
}

/** From the row before to this one, so that nothing lies between two windows; by itself where that cannot be. */
const windowOf = (cells: Cells, previous: Row | undefined): Window | null =>
  between(lastOfPrevious(cells, previous), lastOf(cells)) ?? between(firstOf(cells), lastOf(cells));

/** The kernel writes the counters without a lock between them and a reader, so one may be ahead: never more than 100. */
const percentOf = ({ periods, throttled }: Window): number => Math.min(100, (100 * throttled) / periods);

/** Run time withheld in each second of the clock, in milliseconds. */
const impactOf = ({ seconds, withheldSeconds }: Window): number => (1000 * withheldSeconds) / seconds;

function isNews(window: Window): boolean {
  const { enterPercent, minPeriods, nearly, rules } = THROTTLE;
  return (
    percentOf(window) >= enterPercent &&
    rules.some(
      ({ heldSeconds, msPerSecond, periodsFactor }) =>
        window.seconds >= heldSeconds * nearly &&
        window.periods >= minPeriods * periodsFactor &&
        impactOf(window) >= msPerSecond,
    )
  );
}

const LASTING = THROTTLE.rules[1];

function isOver(window: Window): boolean {
  const { enterPercent, leaveShare, calmSeconds, nearly } = THROTTLE;
  return (
    window.seconds >= calmSeconds * nearly &&
    (percentOf(window) < enterPercent * leaveShare || impactOf(window) < LASTING.msPerSecond * leaveShare)
  );
}

/** Below this share of one another, the window of the CPU time and that of the counters are not the same one. */
const SAME_WINDOW = 0.8;

/** CPU time per time, in cores; null where that is more than any node has. */
function coresIn(timeNs: number | null, ofNs: number | null): number | null {
  const value = timeNs === null || ofNs === null ? null : rounded(timeNs / ofNs);
  return cores.is(value) ? value : null;
}

/** Null where the CPU time was measured over another time than the throttling. */
function coresUsed({ cpu_ns, cpu_window_ns }: Cells, window: Window): number | null {
  const ratio = (cpu_window_ns ?? 0) / 1e9 / window.seconds;
  return ratio >= SAME_WINDOW && ratio <= 1 / SAME_WINDOW ? coresIn(cpu_ns, cpu_window_ns) : null;
}

/** What the CFS bandwidth counters of a container say. Null where no period was active, or it is neither news nor an end. */
export const cpuThrottle = table(COLUMNS, (cells, context) => {
  const window = windowOf(cells, context.previous);
  if (window === null || window.periods === 0) return null;
  const ended = isOver(window);
  if (!ended && !isNews(window)) return null;
  const subject = containerOf(cells, context);
  if (subject === null) return null;
  return {
    ...subject,
    type: 'cpu_throttle',
    period_seconds: rounded(window.seconds),
    throttle_percentage: rounded(percentOf(window)),
    actual_cpu_usage: coresUsed(cells, window),
    limit_cores: coresIn(cells.quota_ns, cells.period_ns),
    nr_periods: window.periods,
    nr_throttled: window.throttled,
    throttled_seconds: rounded(window.withheldSeconds),
    ended,
  };
});
