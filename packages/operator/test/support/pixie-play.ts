import { columnsOf, type TableName } from 'kernel-gossip-pxl-scripts';
import type { Cell, Column, Step } from './pixie-server/index.ts';
import { tableOf } from './pixie-server/index.ts';

const TIMES: ReadonlySet<string> = new Set(['time_', 'first_time', 'began_time']);
const TEXTS: ReadonlySet<string> = new Set([
  ...[
    'pod',
    'node',
    'container',
    'container_id',
    'program',
    'symptom',
    'remote',
    'method',
    'path',
    'protocol',
  ],
]);

const columnOf = (name: string): Column => {
  if (TIMES.has(name)) return { name, type: 'TIME64NS' };
  return { name, type: TEXTS.has(name) ? 'STRING' : 'INT64' };
};

/** A table as Pixie answers with it; what a row leaves out was not measured. */
export const pixieTable = (
  table: TableName,
  rows: readonly Readonly<Record<string, Cell>>[],
): readonly Step[] => {
  const columns = columnsOf(table).map(columnOf);
  const cells = rows.map((row) =>
    columns.map(({ name, type }) => row[name] ?? (type === 'STRING' ? '' : -1n)),
  );
  return tableOf(table, columns, cells);
};

/** The window that a script was asked about, in nanoseconds. */
export const windowIn = (query: string): { readonly startNs: bigint; readonly endNs: bigint } => {
  const [, start = ''] = /^start_time = (\d+)$/m.exec(query) ?? [];
  const [, end = ''] = /^end_time = (\d+)$/m.exec(query) ?? [];
  return { startNs: BigInt(start), endNs: BigInt(end) };
};
