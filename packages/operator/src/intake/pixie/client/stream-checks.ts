import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { COLUMN_TYPES, type ColumnType } from './column.ts';
import type { BatchFrame, Column } from './decode-batch.ts';
import type { TableSchema } from './load-proto.ts';

/** A table that a stream told of. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly ended: boolean;
}

/** By the id that batches name them by. */
export type Tables = ReadonlyMap<string, Table>;

/** A table's name is Pixie's own word; what is too long for a message is cut. */
const quoted = (name: string): string => `'${name.slice(0, 80)}'`;

/** Beyond this a stream would only fill the memory; a script of ours shows a handful. */
const MOST_TABLES = 100;
const MOST_COLUMNS = 1000;

/** Takes the schema of a table. Left is how it breaks the protocol. */
export function announce(tables: Tables, schema: TableSchema): Either<string, Tables> {
  const known = tables.get(schema.id);
  const columns = columnsOf(schema);
  if (typeof columns === 'string') return left(columns);
  if (known !== undefined) return left(`table ${quoted(known.name)} is announced twice`);
  if (tables.size >= MOST_TABLES) return left(`more than ${MOST_TABLES} tables`);
  return right(new Map([...tables, [schema.id, { name: schema.name, columns, ended: false }]]));
}

/** After a cut a stream may tell its schemas again; they must be the same. */
export function announceAgain(tables: Tables, schema: TableSchema): Either<string, Tables> {
  const known = tables.get(schema.id);
  if (known === undefined) return announce(tables, schema);
  const columns = columnsOf(schema);
  return JSON.stringify([schema.name, columns]) === JSON.stringify([known.name, known.columns])
    ? right(tables)
    : left(`table ${quoted(known.name)} is another one after a cut`);
}

/** Finds the table of a batch, and notes its end. Left is how the batch breaks the protocol. */
export function arrive(
  tables: Tables,
  { tableId, eos }: Pick<BatchFrame, 'tableId' | 'eos'>,
): Either<string, { readonly table: Table; readonly tables: Tables }> {
  const table = tables.get(tableId);
  if (table === undefined) return left(`a batch came for the unknown table id ${quoted(tableId)}`);
  if (table.ended) return left(`a batch came after the end of table ${quoted(table.name)}`);
  return right({ table, tables: eos ? new Map([...tables, [tableId, { ...table, ended: true }]]) : tables });
}

/** Whether all tables came to their end. Left names those that did not. */
export function finish(tables: Tables): Either<string, null> {
  const open = [...tables.values()].filter(({ ended }) => !ended).map(({ name }) => quoted(name));
  return open.length === 0 ? right(null) : left(`the stream ended before table ${open.join(', ')} did`);
}

const isColumnType = (type: string | number): type is ColumnType =>
  COLUMN_TYPES.some((known) => known === type);

/** The columns of a schema; a text where they make no rows. */
function columnsOf({ name, relation }: TableSchema): readonly Column[] | string {
  const columns: Column[] = [];
  const names = new Set<string>();
  for (const { columnName, columnType } of relation?.columns ?? []) {
    const which = `column ${quoted(columnName)} of table ${quoted(name)}`;
    if (!isColumnType(columnType)) return `${which} is of the unknown type ${columnType}`;
    // The one name that an object takes for something else.
    if (names.has(columnName) || columnName === '__proto__') return `${which} makes no row`;
    names.add(columnName);
    columns.push({ name: asKey(columnName), type: columnType });
  }
  return columns.length > MOST_COLUMNS
    ? `table ${quoted(name)} has more than ${MOST_COLUMNS} columns`
    : columns;
}

/** The same text as the engine keeps keys of objects: with any other it would look up each key of each row. */
const asKey = (name: string): string => Object.keys({ [name]: null })[0] ?? name;
