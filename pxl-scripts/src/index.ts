export { columnsOf, isKnownTable, observationOf, TABLE_NAMES, type TableName } from './observation-of.ts';
export {
  readScript,
  SCRIPTS,
  withWindow,
  type PixieScript,
  type ScriptName,
  type TimeWindow,
} from './scripts.ts';
export type { Cell, Row, RowFault } from './tables/cell.ts';
export type { ObservationJson, RowContext } from './tables/common.ts';
