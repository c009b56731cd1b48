import { TABLE_NAMES, type TableName } from 'kernel-gossip-pxl-scripts';

/** What became of the rows of one table. */
export interface TableTally {
  rows: number;
  /** Observations that the operator took. */
  accepted: number;
  /** Rows that could not be read, and observations that the operator refused. */
  rejected: number;
  /** Rows whose figures are no news, or of which nobody knows whom they are about. */
  untold: number;
  /** Rows about pods of other namespaces than the one asked for. */
  elsewhere: number;
}

/** What became of an input. */
export interface Tally {
  readonly tables: Readonly<Record<TableName, TableTally>>;
  /** Rows of tables that no script of ours displays. */
  readonly unknown: Map<string, number>;
  /** Pieces of the input that are no rows. */
  bad: number;
  /** The first few things that were wrong; thousands alike help nobody. */
  readonly wrong: string[];
  wrongCount: number;
  /** How often the intake was full and asked us to wait. */
  waits: number;
}

const KEPT = 5;
/** Whoever pipes in something else altogether must not fill the memory. */
const MOST_NAMES = 20;
const OTHERS = 'others';

const blank = (): TableTally => ({ rows: 0, accepted: 0, rejected: 0, untold: 0, elsewhere: 0 });

export const beginTally = (): Tally => ({
  tables: Object.fromEntries(TABLE_NAMES.map((table) => [table, blank()])) as Record<TableName, TableTally>,
  unknown: new Map(),
  bad: 0,
  wrong: [],
  wrongCount: 0,
  waits: 0,
});

export function noteWrong(tally: Tally, what: string): void {
  tally.wrongCount += 1;
  if (tally.wrong.length < KEPT) tally.wrong.push(what);
}

export function noteUnknown({ unknown }: Tally, table: string): void {
  const name = unknown.has(table) || unknown.size < MOST_NAMES ? table : OTHERS;
  unknown.set(name, (unknown.get(name) ?? 0) + 1);
}
