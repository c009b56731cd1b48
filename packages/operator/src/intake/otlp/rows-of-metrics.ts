import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { attributesOf } from './attributes.ts';
import type { CounterReading } from './counter-memory.ts';
import { columnOf, exportedRows } from './exported-rows.ts';
import type { Found, FoundRow, Unreadable } from './found-rows.ts';
import { messageOf, messagesOf, type Message, type NoteFault } from './message.ts';
import { seriesOf, type Series } from './series.ts';
import { isThrottleSeries, throttleRows } from './throttle-rows.ts';

export interface FoundInMetrics extends Found {
  /** What is to be remembered, unless the rows cannot be taken: then what is sent again counts again. */
  readonly readings: ReadonlyMap<string, CounterReading>;
}

/**
 * Finds our rows in an ExportMetricsServiceRequest: those that our scripts export, and throttling that others count. `lastOf`
 * knows the readings of requests before. Left names a field that is not what the definitions say.
 */
export function rowsOfMetrics(
  request: Message,
  lastOf: (key: string) => CounterReading | null,
): Either<string, FoundInMetrics> {
  const faults: string[] = [];
  const noteFault: NoteFault = (field) => faults.push(field);
  const rows: FoundRow[] = [];
  const unreadable: Unreadable[] = [];
  const readings = new Map<string, CounterReading>();
  let items = 0;
  let ignored = 0;
  for (const resourceMetrics of messagesOf(request, 'resourceMetrics', noteFault)) {
    const sorted = sort(resourceMetrics, noteFault);
    items += sorted.items;
    ignored += sorted.ignored;
    if (sorted.exported.length + sorted.throttle.length === 0) continue;
    const resource = attributesOf(messageOf(resourceMetrics, 'resource', noteFault), noteFault);
    const exported = exportedRows(resource, sorted.exported);
    const throttle = throttleRows(
      resource,
      sorted.throttle,
      (key) => readings.get(key) ?? lastOf(key),
      noteFault,
    );
    // One by one: as arguments of one call, a resource's many rows would not fit on the stack.
    for (const found of [exported, throttle]) {
      for (const row of found.rows) rows.push(row);
      for (const wrong of found.unreadable) unreadable.push(wrong);
    }
    ignored += throttle.ignored;
    throttle.readings.forEach((reading, key) => readings.set(key, reading));
  }
  const [fault] = faults;
  return fault === undefined ? right({ items, rows, unreadable, ignored, readings }) : left(fault);
}

interface Sorted {
  readonly exported: readonly Series[];
  readonly throttle: readonly Series[];
  /** Data points in all. */
  readonly items: number;
  readonly ignored: number;
}

/** The series of a resource, by who reads them. */
function sort(resourceMetrics: Message, noteFault: NoteFault): Sorted {
  const exported: Series[] = [];
  const throttle: Series[] = [];
  let items = 0;
  let ignored = 0;
  for (const scope of messagesOf(resourceMetrics, 'scopeMetrics', noteFault)) {
    for (const metric of messagesOf(scope, 'metrics', noteFault)) {
      const series = seriesOf(metric, noteFault);
      items += series.points.length;
      if (series.kind === 'gauge' && columnOf(series.name) !== null) exported.push(series);
      else if (isThrottleSeries(series)) throttle.push(series);
      else ignored += series.points.length;
    }
  }
  return { exported, throttle, items, ignored };
}
