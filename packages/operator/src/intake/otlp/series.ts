import {
  decimalOf,
  integerOf,
  messageOf,
  messagesOf,
  textOf,
  type Message,
  type NoteFault,
} from './message.ts';

/** How the values of a metric are to be read. */
export type SeriesKind =
  /** Each is what was measured at its time. */
  | 'gauge'
  /** Each is what was added since its start. */
  | 'delta'
  /** Each is what was added since its start, which stays the same. */
  | 'cumulative'
  /** Distributions, and sums that do not say. */
  | 'other';

/** The data points of one metric. */
export interface Series {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly points: readonly Message[];
}

/** AggregationTemporality, as the definitions number it. */
const TEMPORALITY: Readonly<Record<number, SeriesKind>> = { 1: 'delta', 2: 'cumulative' };
const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

export function seriesOf(metric: Message, noteFault: NoteFault): Series {
  const name = textOf(metric, 'name', noteFault);
  for (const field of DATA) {
    const data = messageOf(metric, field, noteFault);
    if (data !== null)
      return { name, kind: kindOf(field, data), points: messagesOf(data, 'dataPoints', noteFault) };
  }
  return { name, kind: 'other', points: [] };
}

function kindOf(field: (typeof DATA)[number], { aggregationTemporality }: Message): SeriesKind {
  if (field === 'gauge') return 'gauge';
  const kind = field === 'sum' ? TEMPORALITY[Number(aggregationTemporality)] : undefined;
  return kind ?? 'other';
}

/** DataPointFlags: the sender says that there is no value. */
const NO_RECORDED_VALUE = 1;

/** The value of a data point; null where there is none. */
export function valueOf({ asInt, asDouble, flags }: Message): bigint | number | null {
  if ((Number(flags ?? 0) & NO_RECORDED_VALUE) !== 0) return null;
  return integerOf(asInt) ?? decimalOf(asDouble);
}

/** A moment in nanoseconds since 1970. 0 and absence mean that it is not known. */
export function momentOf(value: unknown): bigint | null {
  const moment = integerOf(value);
  return moment === 0n ? null : moment;
}
