import type { Row } from 'kernel-gossip-pxl-scripts';
import { attributesOf, textAt, type Attributes } from './attributes.ts';
import type { CounterReading } from './counter-memory.ts';
import type { FoundRow, Unreadable } from './found-rows.ts';
import type { Message, NoteFault } from './message.ts';
import { momentOf, valueOf, type Series } from './series.ts';
import { bareContainerId, subjectOf, type Subject } from './subject.ts';

type CounterName = 'periods' | 'throttled' | 'withheldNs' | 'cpuNs';

/** Who counted: by this, where it is said whose a counter is. */
type Family = 'docker_stats' | 'cadvisor';

interface CounterMetric {
  readonly family: Family;
  readonly counter: CounterName;
  /** Nanoseconds in the metric's unit; 1 where it counts periods. */
  readonly unit: number;
}

/**
 * The metrics of the Collector that hold the kernel's throttling counters: those of its receiver `docker_stats`, and cAdvisor's
 * as its receiver `prometheus` scrapes them from the kubelet. Its receiver `kubeletstats` has none of them.
 */
const METRICS: ReadonlyMap<string, CounterMetric> = new Map([
  ['container.cpu.throttling_data.periods', { family: 'docker_stats', counter: 'periods', unit: 1 }],
  [
    'container.cpu.throttling_data.throttled_periods',
    { family: 'docker_stats', counter: 'throttled', unit: 1 },
  ],
  [
    'container.cpu.throttling_data.throttled_time',
    { family: 'docker_stats', counter: 'withheldNs', unit: 1 },
  ],
  ['container.cpu.usage.total', { family: 'docker_stats', counter: 'cpuNs', unit: 1 }],
  ['container_cpu_cfs_periods_total', { family: 'cadvisor', counter: 'periods', unit: 1 }],
  ['container_cpu_cfs_throttled_periods_total', { family: 'cadvisor', counter: 'throttled', unit: 1 }],
  ['container_cpu_cfs_throttled_seconds_total', { family: 'cadvisor', counter: 'withheldNs', unit: 1e9 }],
  ['container_cpu_usage_seconds_total', { family: 'cadvisor', counter: 'cpuNs', unit: 1e9 }],
]);

/** Whether a series is of those that are read here. */
export const isThrottleSeries = ({ name, kind }: Series): boolean =>
  (kind === 'delta' || kind === 'cumulative') && METRICS.has(name);

/** Between readings further apart, too much may have happened that nobody saw: two restarts look like none. */
const LONGEST_WINDOW_NS = 600_000_000_000n;

/** What was said of one container at one time. */
interface Sample {
  /** The container, and who counted. */
  readonly key: string;
  readonly family: Family;
  readonly subject: Subject;
  readonly timeNs: bigint;
  /** Where the counters begin; null where they are as they stand. */
  readonly deltaFromNs: bigint | null;
  readonly counters: Map<CounterName, bigint>;
  items: number;
  /** One counter came twice: two cgroups are called the same. */
  isTwo: boolean;
}

export interface ThrottleRows {
  readonly rows: readonly FoundRow[];
  readonly unreadable: readonly Unreadable[];
  readonly ignored: number;
  /** What is to be remembered. */
  readonly readings: ReadonlyMap<string, CounterReading>;
}

/** Rows of `cpu_throttle` out of counters that others read. `lastOf` knows the readings of requests before. */
export function throttleRows(
  resource: Attributes,
  series: readonly Series[],
  lastOf: (key: string) => CounterReading | null,
  noteFault: NoteFault,
): ThrottleRows {
  const { samples, unreadable, ignored } = collect(resource, series, noteFault);
  const rows: FoundRow[] = [];
  const readings = new Map<string, CounterReading>();
  let incomplete = 0;
  const inOrder = [...samples].sort((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
  for (const sample of inOrder) {
    const reading = readingOf(sample);
    if (reading === null) {
      incomplete += sample.items;
      continue;
    }
    const before = beforeOf(sample, reading, (key) => readings.get(key) ?? lastOf(key));
    if (sample.deltaFromNs === null && (before === null || before.timeNs < reading.timeNs)) {
      readings.set(sample.key, reading);
    }
    if (before !== null && isWindow(before, reading)) rows.push(rowOf(sample, before, reading));
  }
  return { rows, unreadable, ignored: ignored + incomplete, readings };
}

interface Collected {
  readonly samples: Iterable<Sample>;
  readonly unreadable: readonly Unreadable[];
  readonly ignored: number;
}

function collect(resource: Attributes, series: readonly Series[], noteFault: NoteFault): Collected {
  const samples = new Map<string, Sample>();
  const unreadable: Unreadable[] = [];
  let ignored = 0;
  for (const { name, kind, points } of series) {
    const metric = METRICS.get(name);
    if (metric === undefined) continue;
    for (const point of points) {
      const subject = subjectOfPoint(metric, resource, attributesOf(point, noteFault));
      const reading = subject === null ? null : readPoint(point, kind, metric);
      if (subject === null || reading === null) ignored += 1;
      else if (typeof reading === 'string') unreadable.push({ items: 1, why: `${name}: ${reading}` });
      else add(samples, subject, metric, reading);
    }
  }
  return { samples: samples.values(), unreadable, ignored };
}

interface Point {
  readonly timeNs: bigint;
  readonly deltaFromNs: bigint | null;
  readonly value: bigint;
}

/** What a point says; a text that says what is wrong with it; null where its sender says that there is no value. */
function readPoint(point: Message, kind: Series['kind'], { unit }: CounterMetric): Point | string | null {
  const timeNs = momentOf(point.timeUnixNano);
  if (timeNs === null) return 'expected time_unix_nano, got nothing';
  const startNs = momentOf(point.startTimeUnixNano);
  if (kind === 'delta' && startNs === null) return 'expected start_time_unix_nano of a delta, got nothing';
  const raw = valueOf(point);
  if (raw === null) return null;
  const value = wholeUnits(raw, unit);
  if (value === null) return `expected a count >= 0, got ${raw}`;
  return { timeNs, deltaFromNs: kind === 'delta' ? startNs : null, value };
}

/** Prometheus knows floating point only, so counts of periods arrive as such. */
function wholeUnits(value: bigint | number, unit: number): bigint | null {
  const whole =
    typeof value === 'bigint' ? value * BigInt(unit) : asWhole(unit === 1 ? value : Math.round(value * unit));
  return whole === null || whole < 0n ? null : whole;
}

const asWhole = (value: number): bigint | null => (Number.isInteger(value) ? BigInt(value) : null);

/** Whose a counter is; null where that is not said, or where it is not a container's. */
function subjectOfPoint(
  { family, counter }: CounterMetric,
  resource: Attributes,
  point: Attributes,
): Subject | null {
  const subject = subjectOf(resource);
  if (family === 'docker_stats') return isContainer(subject) ? subject : null;
  // The resource is what was scraped: the kubelet. Its labels say whose the counters are.
  const cpu = textAt(point, 'cpu') ?? 'total';
  const [namespace, pod, container] = ['namespace', 'pod', 'container'].map(
    (label) => textAt(point, label) ?? '',
  );
  if (!pod || !namespace || !container || container === 'POD' || (counter === 'cpuNs' && cpu !== 'total'))
    return null;
  return {
    pod: `${namespace}/${pod}`,
    podUid: null,
    node: subject.node,
    container,
    containerId: bareContainerId(textAt(point, 'name')),
  };
}

const isContainer = ({ pod, container, containerId }: Subject): boolean =>
  pod !== '' && (container !== '' || containerId !== '');

function add(
  samples: Map<string, Sample>,
  subject: Subject,
  { family, counter }: CounterMetric,
  { timeNs, deltaFromNs, value }: Point,
): void {
  const key = `${family} ${subject.pod} ${subject.container} ${subject.containerId}`;
  const at = `${key} ${timeNs} ${deltaFromNs}`;
  const sample = samples.get(at) ?? {
    key,
    family,
    subject,
    timeNs,
    deltaFromNs,
    counters: new Map<CounterName, bigint>(),
    items: 0,
    isTwo: false,
  };
  samples.set(at, sample);
  sample.items += 1;
  if (sample.counters.has(counter)) sample.isTwo = true;
  sample.counters.set(counter, value);
}

/** Null where a counter is missing without which nothing can be said: a container without a limit has no periods. */
function readingOf({ counters, timeNs, isTwo }: Sample): CounterReading | null {
  const periods = counters.get('periods');
  const throttled = counters.get('throttled');
  const withheldNs = counters.get('withheldNs');
  if (isTwo || periods === undefined || throttled === undefined || withheldNs === undefined) return null;
  return { timeNs, periods, throttled, withheldNs, cpuNs: counters.get('cpuNs') ?? null };
}

/** The reading from which on this one counts. */
function beforeOf(
  { key, deltaFromNs }: Sample,
  { cpuNs }: CounterReading,
  lastOf: (key: string) => CounterReading | null,
): CounterReading | null {
  if (deltaFromNs === null) return lastOf(key);
  return {
    timeNs: deltaFromNs,
    periods: 0n,
    throttled: 0n,
    withheldNs: 0n,
    cpuNs: cpuNs === null ? null : 0n,
  };
}

/** Not one where a counter fell: it began anew, and what it had counted until then is unknown. */
const isWindow = (before: CounterReading, after: CounterReading): boolean =>
  after.timeNs > before.timeNs &&
  after.timeNs - before.timeNs <= LONGEST_WINDOW_NS &&
  after.periods >= before.periods &&
  after.throttled >= before.throttled &&
  after.withheldNs >= before.withheldNs;

/** In the columns of our own table, -1 is what was not measured. */
const UNKNOWN = -1n;

function rowOf({ family, subject, items }: Sample, before: CounterReading, after: CounterReading): FoundRow {
  const row: Row = {
    time_: after.timeNs,
    first_time: before.timeNs,
    pod: subject.pod,
    node: subject.node,
    container: subject.container,
    container_id: subject.containerId,
    quota_ns: UNKNOWN,
    period_ns: UNKNOWN,
    nr_periods_first: before.periods,
    nr_periods_last: after.periods,
    nr_throttled_first: before.throttled,
    nr_throttled_last: after.throttled,
    throttled_ns_first: before.withheldNs,
    throttled_ns_last: after.withheldNs,
    ...cpuCells(before, after),
  };
  return { table: 'cpu_throttle', row, source: `otlp/${family}`, podUid: subject.podUid, items };
}

function cpuCells(before: CounterReading, after: CounterReading): Row {
  const isMeasured = before.cpuNs !== null && after.cpuNs !== null && after.cpuNs >= before.cpuNs;
  if (!isMeasured) return { cpu_ns: UNKNOWN, cpu_window_ns: UNKNOWN };
  return { cpu_ns: after.cpuNs - before.cpuNs, cpu_window_ns: after.timeNs - before.timeNs };
}
