import { columnsOf, type TableName } from '../src/index.ts';
import type { Schema, Type } from './schema.ts';

const TIMES: ReadonlySet<string> = new Set(['time_', 'first_time', 'began_time']);
const TEXTS: ReadonlySet<string> = new Set(
  'pod node container container_id program symptom remote method path protocol'.split(' '),
);

const typeOfColumn = (name: string): Type => {
  if (TIMES.has(name)) return 'TIME64NS';
  return TEXTS.has(name) ? 'STRING' : 'INT64';
};

/** The columns that a table of ours has when it is shown. */
export const displayedAs = (table: TableName): Schema =>
  new Map(columnsOf(table).map((name): [string, Type] => [name, typeOfColumn(name)]));
