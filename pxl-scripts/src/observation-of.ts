import { type Either, left } from 'fp-ts/lib/Either.js';
import { fault, type Row, type RowFault } from './tables/cell.ts';
import type { ObservationJson, RowContext, Table } from './tables/common.ts';
import { cpuThrottle } from './tables/cpu-throttle.ts';
import { httpRequests } from './tables/http-requests.ts';
import { memoryPressure } from './tables/memory-pressure.ts';
import { networkFlows } from './tables/network-flows.ts';
import { networkIssue } from './tables/network-issue.ts';
import { podCreation } from './tables/pod-creation.ts';

const TABLES = {
  cpu_throttle: cpuThrottle,
  pod_creation: podCreation,
  memory_pressure: memoryPressure,
  network_issue: networkIssue,
  http_requests: httpRequests,
  network_flows: networkFlows,
} as const satisfies Readonly<Record<string, Table>>;

/** The tables that our scripts display. */
export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

export const isKnownTable = (table: string): table is TableName => Object.hasOwn(TABLES, table);

/** The names of a table's columns. */
export const columnsOf = (table: TableName): readonly string[] => TABLES[table].columns;

/**
 * What a row tells.
 *
 * Right: an observation as JSON for `/webhook/pixie`, which `decodeObservation` takes, or null where the row tells nothing:
 * nobody knows whom it is about, or its figures are no news (`thresholds.ts`).
 * Left: which column is missing or wrong.
 */
export const observationOf = (
  table: string,
  row: Row,
  context: RowContext,
): Either<RowFault, ObservationJson | null> =>
  isKnownTable(table)
    ? TABLES[table].observe(row, context)
    : left(fault('', `a row of ${TABLE_NAMES.join(', ')}`, table));
