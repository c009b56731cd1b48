/** What a script's answer is made of: the steps that a test writes down and the server plays. */
import type { CutWay } from './outlet.ts';

/** One value of a row. A STRING may be bytes that are no UTF-8. Pixie has no null: a null cell fails the play. */
export type Cell = bigint | number | boolean | string | Uint8Array | null;

export type ColumnType = 'BOOLEAN' | 'INT64' | 'UINT128' | 'FLOAT64' | 'STRING' | 'TIME64NS';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** A row may be shorter than its table has columns: the batch then lacks those columns, as a broken server's would. */
export type Rows = readonly (readonly Cell[])[];

export type Step =
  /** The state of the script's tracepoints; codes as in gRPC, 14 while they are being installed. */
  | {
      readonly kind: 'mutation';
      readonly code: number;
      readonly message: string;
      readonly states?: readonly { readonly id: string; readonly state: string; readonly name: string }[];
    }
  /** Metadata of a table; `id` is a fresh UUID unless given. */
  | {
      readonly kind: 'table';
      readonly name: string;
      readonly columns: readonly Column[];
      readonly id?: string;
    }
  | { readonly kind: 'rows'; readonly table: string; readonly rows: Rows; readonly eos?: boolean }
  | { readonly kind: 'eos'; readonly table: string }
  | {
      readonly kind: 'stats';
      readonly executionNs?: bigint | number;
      readonly compilationNs?: bigint | number;
      readonly bytesProcessed?: bigint | number;
      readonly recordsProcessed?: bigint | number;
    }
  | {
      readonly kind: 'compileError';
      readonly line: number;
      readonly column: number;
      readonly message: string;
    }
  | { readonly kind: 'status'; readonly code: number; readonly message: string }
  /** Ends the call with this gRPC status. */
  | { readonly kind: 'grpcError'; readonly code: number; readonly message: string }
  /** Breaks the call off; the query may be resumed by its id, and goes on with the step after this one. */
  | { readonly kind: 'cut'; readonly way?: CutWay }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Any ExecuteScriptResponse, with the names of Pixie's fields: for what a right server never sends. */
  | { readonly kind: 'raw'; readonly message: object };

export type ScriptPlay = Iterable<Step> | AsyncIterable<Step>;

/** A whole table: its metadata, all rows in one batch, and its end. */
export const tableOf = (name: string, columns: readonly Column[], rows: Rows): readonly Step[] => [
  { kind: 'table', name, columns },
  { kind: 'rows', table: name, rows },
  { kind: 'eos', table: name },
];
