import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { Row } from 'kernel-gossip-pxl-scripts';
import type { ErrorCode, KernelGossipError } from 'kernel-gossip-types';
import type { PixieAddress } from './address.ts';
import type { Connection } from './connection.ts';
import type { Encryption } from './encryption.ts';
import type { ErrorMaker } from './grpc-error.ts';
import type { QueryData } from './load-proto.ts';
import type { Tables } from './stream-checks.ts';

export interface ScriptRequest {
  /** What errors and Pixie's own metrics call it. */
  readonly name: string;
  /** PxL. */
  readonly query: string;
  /** Whether it may install probes; those that are not ready yet are waited for. */
  readonly mutation: boolean;
  /** For all of it, waiting included. */
  readonly deadlineMs: number;
  /** A script that gives more fails; what came before has been handed over. */
  readonly maxRows: number;
}

export interface RowBatch {
  readonly table: string;
  readonly rows: readonly Row[];
}

/** What a run was. Null where Pixie did not say. */
export interface ScriptStats {
  readonly queryId: string;
  readonly rows: number;
  /** How often the stream was cut and gone on with. What was under way then is lost: rows may be missing. */
  readonly resumes: number;
  readonly executionMs: number | null;
  /** Rows of Pixie's own tables that were looked at. */
  readonly recordsProcessed: number | null;
  readonly bytesProcessed: number | null;
}

export type OnRows = (batch: RowBatch) => Promise<void>;

/** Waits so many milliseconds, less when the signal aborts. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** What runs of one client share. */
export interface ScriptParts {
  readonly connection: Connection;
  readonly address: PixieAddress;
  /** Null where rows come in the clear. */
  readonly encryption: Encryption | null;
  readonly make: ErrorMaker;
  readonly pause: Pause;
}

/** One run of a script. */
export interface Execution {
  readonly request: ScriptRequest;
  readonly onRows: OnRows;
  readonly parts: ScriptParts;
  /** Aborts at the deadline too. */
  readonly signal: AbortSignal;
  readonly endsAtMs: number;
}

export const titleOf = ({ name }: ScriptRequest): string => `Pixie script ${name}`;

export const failure = ({ request, parts }: Execution, code: ErrorCode, words: string): KernelGossipError =>
  parts.make(code, titleOf(request), words);

/** A run as far as it came. */
export interface Progress {
  queryId: string;
  tables: Tables;
  rows: number;
  resumes: number;
  stats: QueryData['executionStats'];
  /** Why probes are not ready; null when they are, or none are needed. */
  pending: string | null;
}

export const newProgress = (): Progress => ({
  queryId: '',
  tables: new Map(),
  rows: 0,
  resumes: 0,
  stats: null,
  pending: null,
});

export const statsOf = ({ queryId, rows, resumes, stats }: Progress): ScriptStats => ({
  queryId,
  rows,
  resumes,
  executionMs: stats?.timing == null ? null : Number(stats.timing.executionTimeNs) / 1e6,
  recordsProcessed: stats === null ? null : Number(stats.recordsProcessed),
  bytesProcessed: stats === null ? null : Number(stats.bytesProcessed),
});

/** What a check let pass; throws what it says against it. */
export function accept<A>(execution: Execution, checked: Either<string, A>): A {
  if (isLeft(checked)) throw failure(execution, 'KG_PIXIE_PROTOCOL', checked.left);
  return checked.right;
}
