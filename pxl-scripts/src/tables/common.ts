import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { dnsLabel, dnsSubdomain, type Observation, type TrafficRole } from 'kernel-gossip-types';
import {
  count,
  fault,
  idOfContainer,
  moment,
  needed,
  reader,
  textual,
  type CellsOf,
  type Column,
  type Columns,
  type Row,
  type RowFault,
} from './cell.ts';

/** An observation as JSON for `/webhook/pixie`: what is absent or null was not measured. */
export type ObservationJson = JsonOf<Observation>;
type JsonOf<O> = O extends Observation
  ? Loose<Omit<O, 'type' | 'timestamp'>> & Pick<O, 'type' | 'timestamp'>
  : never;
type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [K in keyof T]?: Loose<T[K]> }
    : T;

/** What a row is read with. */
export interface RowContext {
  /** Who saw it, as the observation shall say; at most 63 characters. */
  readonly source: string;
  /** Of `cpu_throttle`: the row before about the same container, where it is at hand. */
  readonly previous?: Row;
}

/** A table of ours. */
export interface Table {
  /** The names of its columns. */
  readonly columns: readonly string[];
  /** What a row tells: an observation, or null where it tells nothing. */
  readonly observe: (row: Row, context: RowContext) => Either<RowFault, ObservationJson | null>;
}

/** What a table is made of: what its columns hold, and what they tell. */
export function table<C extends Columns & typeof SUBJECT>(
  columns: C,
  tell: (cells: CellsOf<C>, context: RowContext) => ObservationJson | null,
): Table {
  const read = reader(columns);
  return {
    columns: Object.keys(columns),
    observe: (row, context) => {
      const cells = read(row);
      if (isLeft(cells)) return cells;
      const disorder = disorderIn(cells.right);
      return disorder === null ? right(tell(cells.right, context)) : left(disorder);
    },
  };
}

/** A window has two ends in order, and is shorter than any that a figure is believed of. */
function disorderIn({
  time_,
  first_time,
}: {
  readonly time_?: unknown;
  readonly first_time?: unknown;
}): RowFault | null {
  if (typeof time_ !== 'bigint' || typeof first_time !== 'bigint') return null;
  return first_time <= time_ && time_ - first_time <= YEAR_NS
    ? null
    : fault('first_time', 'a time at most a year before time_', first_time);
}

const YEAR_NS = 31_536_000_000_000_000n;

interface PodName {
  readonly namespace: string;
  readonly name: string;
}

const POD = /^([^/]+)\/([^/]+)$/;

/** Pixie's name of a pod; null where Pixie did not know it, as of processes that lived very shortly. */
const podName: Column<PodName | null> = {
  expected: 'a pod as "namespace/name", or ""',
  read: (cell) => {
    if (cell === null || cell === '') return null;
    const [, namespace, name] = typeof cell === 'string' ? (POD.exec(cell) ?? []) : [];
    return dnsLabel.is(namespace) && dnsSubdomain.is(name) ? { namespace, name } : undefined;
  },
};

/** The columns that every table has. */
export const SUBJECT = {
  time_: needed(moment),
  pod: podName,
  node: textual(dnsSubdomain),
} as const;

/** The columns of tables about containers. */
export const CONTAINER = {
  ...SUBJECT,
  container: textual(dnsLabel),
  container_id: idOfContainer,
} as const;

/** `trace_role` as Pixie counts it; null where Pixie could not tell who called whom. */
export const role: Column<TrafficRole | null> = {
  expected: count.expected,
  read: (cell) => {
    const value = count.read(cell);
    if (value === undefined) return undefined;
    if (value === 1) return 'client';
    return value === 2 ? 'server' : null;
  },
};

interface SubjectCells {
  readonly time_: bigint;
  readonly pod: PodName | null;
  readonly node: string | null;
}
interface ContainerCells extends SubjectCells {
  readonly container: string | null;
  readonly container_id: string | null;
}

/** The fields by which an observation says whom it is about, when, and who saw it. */
interface Subject {
  readonly pod_name: string;
  readonly namespace: string;
  readonly node_name: string | null;
  readonly timestamp: string;
  readonly source: string;
  readonly provenance: 'measured';
}
interface ContainerSubject extends Subject {
  readonly container_name: string | null;
  readonly container_id: string | null;
}

/** Whom a row is about; null where nobody knows. */
export const subjectOf = ({ time_, pod, node }: SubjectCells, { source }: RowContext): Subject | null =>
  pod === null
    ? null
    : {
        pod_name: pod.name,
        namespace: pod.namespace,
        node_name: node,
        timestamp: timeText(time_),
        source,
        provenance: 'measured',
      };

/** The same of a container. Without its name and its id it would seem to be about the pod as a whole. */
export function containerOf(cells: ContainerCells, context: RowContext): ContainerSubject | null {
  const { container, container_id } = cells;
  const subject = container === null && container_id === null ? null : subjectOf(cells, context);
  return subject === null ? null : { ...subject, container_name: container, container_id };
}

/** A moment as RFC 3339 writes it, to the nanosecond. */
export function timeText(ns: bigint): string {
  const at = new Date(Number(ns / NS_PER_SECOND) * 1000);
  const day = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  // With a billion added, there are ten digits, and the last nine are those of the fraction.
  return `${day}T${time}.${String(Number(ns % NS_PER_SECOND) + 1e9).slice(1)}Z`;
}

const NS_PER_SECOND = 1_000_000_000n;
const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** The seconds from one moment to a later one. */
export const secondsBetween = (first: bigint, last: bigint): number => rounded(Number(last - first) / 1e9);

interface Window {
  readonly first_time: bigint | null;
  readonly time_: bigint;
}

/** The seconds from a row's oldest sample to its newest; null where the oldest is not known. */
export const secondsOf = ({ first_time, time_ }: Window): number | null =>
  first_time === null ? null : secondsBetween(first_time, time_);

/** Six digits are finer than what is measured; more would only make longer texts. */
export const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;

export const milliseconds = (ns: number | null): number | null => (ns === null ? null : rounded(ns / 1e6));
