import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { containerId, show } from 'kernel-gossip-types';

/**
 * One value of a table. Over gRPC, INT64 and TIME64NS are bigint. In the JSON of `px run`, times are RFC 3339 and every text that
 * can be read as a number has become one; in the JSON of Pixie's Go client everything is a text.
 */
export type Cell = bigint | number | boolean | string | null;
/** One row of a table, by the names of its columns. */
export type Row = Readonly<Record<string, Cell>>;

/** What is wrong with a row. */
export interface RowFault {
  /** The column; empty where the row as a whole is meant. */
  readonly column: string;
  readonly expected: string;
  /** What was there, short; "nothing" where the column was absent. */
  readonly got: string;
}

/** What a column may hold. */
export interface Column<out A> {
  /** Reads as a phrase: "a whole number >= 0, or -1". */
  readonly expected: string;
  /** The value; undefined where the cell is something else. A column that is absent is read as undefined. */
  readonly read: (cell: Cell | undefined) => A | undefined;
}

export type Columns = Readonly<Record<string, Column<unknown>>>;
/** What the columns of a table hold. */
export type CellsOf<C> = { readonly [K in keyof C]: C[K] extends Column<infer A> ? A : never };

export const fault = (column: string, expected: string, got: Cell | undefined): RowFault => ({
  column,
  expected,
  got: typeof got === 'bigint' ? String(got) : show(got ?? undefined),
});

/** Reads the columns of a table; the first one that is wrong is told. Other columns are left alone. */
export function reader<C extends Columns>(columns: C): (row: Row) => Either<RowFault, CellsOf<C>> {
  const entries = Object.entries(columns);
  const blank = Object.fromEntries(entries.map(([name]) => [name, null]));
  return (row) => {
    // Objects that have all their fields from the beginning are one shape to V8.
    const cells: Record<string, unknown> = { ...blank };
    for (const [name, { expected, read }] of entries) {
      const value = read(row[name]);
      if (value === undefined) return left(fault(name, expected, row[name]));
      cells[name] = value;
    }
    return right(cells as CellsOf<C>);
  };
}

const EMPTY = /, or (-1|"")$/;

/** The same column where it must not be empty. */
export const needed = <A>({ expected, read }: Column<A | null>): Column<A> => ({
  expected: expected.replace(EMPTY, ''),
  read: (cell) => read(cell) ?? undefined,
});
const isEmpty = (cell: Cell | undefined): cell is null | '' | undefined =>
  cell === undefined || cell === null || cell === '';

const DIGITS = /^-?\d{1,20}$/;

/** A whole number, however large; undefined where the cell is none, null where it is empty. */
function wholeOf(cell: Cell | undefined): bigint | null | undefined {
  if (isEmpty(cell)) return null;
  if (typeof cell === 'bigint') return cell;
  if (typeof cell === 'number') return Number.isInteger(cell) ? BigInt(cell) : undefined;
  return typeof cell === 'string' && DIGITS.test(cell) ? BigInt(cell) : undefined;
}

/** A counter of the kernel, exact; null where it was not measured, which Pixie's columns say by -1. */
export const counter: Column<bigint | null> = {
  expected: 'a whole number >= 0, or -1',
  read: (cell) => {
    const whole = wholeOf(cell);
    if (whole === -1n) return null;
    return whole != null && whole < 0n ? undefined : whole;
  },
};

/** How often something happened, or a size in bytes. */
export const count: Column<number | null> = {
  expected: `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, or -1`,
  read: (cell) => {
    const whole = counter.read(cell);
    if (whole == null) return whole;
    return whole <= Number.MAX_SAFE_INTEGER ? Number(whole) : undefined;
  },
};

const YEAR_NS = 31_536_000e9;
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

function numberOf(cell: Exclude<Cell, null>): number | undefined {
  if (typeof cell === 'bigint') return Number(cell);
  if (typeof cell === 'string') return DECIMAL.test(cell) ? Number(cell) : undefined;
  return typeof cell === 'number' ? cell : undefined;
}

/** A length of time in nanoseconds; quantiles are fractions. */
export const nanoseconds: Column<number | null> = {
  expected: 'nanoseconds from 0 to a year, or -1',
  read: (cell) => {
    if (isEmpty(cell)) return null;
    const value = numberOf(cell);
    if (value === -1) return null;
    return value !== undefined && value >= 0 && value <= YEAR_NS ? value : undefined;
  },
};

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
/** Pixie keeps times in 64 bits: up to the year 2262. */
const LATEST_NS = 2n ** 63n;

function momentOf(text: string): bigint | undefined {
  const [, seconds, fraction = '', zone] = RFC3339.exec(text) ?? [];
  if (seconds === undefined || zone === undefined) return undefined;
  const ms = Date.parse(seconds + zone);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** A moment, in nanoseconds since 1970 by the node's clock. */
export const moment: Column<bigint | null> = {
  expected: 'a time: nanoseconds since 1970 or RFC 3339, or -1',
  read: (cell) => {
    const ns = typeof cell === 'string' ? (momentOf(cell) ?? counter.read(cell)) : counter.read(cell);
    return ns == null || (ns >= 0n && ns < LATEST_NS) ? ns : undefined;
  },
};

/**
 * A text. A number stands for its digits: `px` makes one of every text that can be read as one, and what it was before ("7" or
 * "007") cannot be told.
 */
function textOf(cell: Exclude<Cell, null>): string | undefined {
  if (typeof cell === 'string') return cell;
  return typeof cell === 'bigint' || Number.isSafeInteger(cell) ? String(cell) : undefined;
}

interface Texts {
  readonly is: (text: string) => boolean;
  readonly name: string;
}

/** A text of some form; null where it is empty, which says that it is not known. */
export const textual = ({ is, name }: Texts): Column<string | null> => ({
  expected: `${name}, or ""`,
  read: (cell) => {
    if (isEmpty(cell)) return null;
    const text = textOf(cell);
    return text !== undefined && is(text) ? text : undefined;
  },
});

const RUNTIME = /^[a-z][a-z0-9.-]*:\/\//;

const ID: Texts = containerId;

/** A container's id. Of one that was all digits `px` makes a float: it is lost, so it is not known, rather than wrong. */
export const idOfContainer: Column<string | null> = {
  expected: `${ID.name}, or ""`,
  read: (cell) => {
    if (isEmpty(cell) || typeof cell === 'number' || typeof cell === 'bigint') return null;
    if (typeof cell !== 'string') return undefined;
    const id = ID.is(cell) ? cell : cell.replace(RUNTIME, '');
    return ID.is(id) ? id : undefined;
  },
};
