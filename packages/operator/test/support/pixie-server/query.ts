import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { Table } from './batch.ts';
import { encode } from './messages.ts';
import type { CutWay, Outlet } from './outlet.ts';
import type { Rows, ScriptPlay, Step } from './play.ts';

/** One run of a script, which may last longer than the call that began it. */
export interface Query {
  readonly id: string;
  readonly steps: AsyncGenerator<Step, void>;
  readonly tables: Map<string, Table>;
}

async function* stepsOf(play: ScriptPlay): AsyncGenerator<Step, void> {
  yield* play;
}

export const openQuery = (play: ScriptPlay): Query => ({
  id: randomUUID(),
  steps: stepsOf(play),
  tables: new Map(),
});

/** How a call ends. */
export type Ending = { readonly cut: CutWay } | Verdict;

/** A gRPC status; code 0 is success. */
export interface Verdict {
  readonly code: number;
  readonly details: string;
}

const OK: Verdict = { code: status.OK, details: '' };

/** What depends on the call, not on the query: how its batches are made. */
export interface Batches {
  readonly encode: (table: Table, rows: Rows, eos: boolean) => Buffer;
  /** Encrypts a batch to the caller; null sends it in the clear. */
  readonly seal: ((batch: Buffer) => Buffer) | null;
}

/** Steps that put a message on the stream; the others end it or let time pass. */
type Telling = Exclude<Step, { kind: 'grpcError' | 'cut' | 'wait' }>;

const tableNamed = ({ tables }: Query, name: string): Table => {
  const table = tables.get(name);
  if (table === undefined) throw new Error(`the play has rows of ${name} before its table step`);
  return table;
};

const batchOf = (query: Query, batches: Batches, step: Extract<Step, { kind: 'rows' | 'eos' }>): Buffer => {
  const rows = step.kind === 'rows' ? step.rows : [];
  const eos = step.kind === 'eos' || (step.eos ?? false);
  const batch = batches.encode(tableNamed(query, step.table), rows, eos);
  const data = batches.seal === null ? { batch } : { encrypted_batch: batches.seal(batch) };
  return encode('ResponseOfBytes', { query_id: query.id, data });
};

const metadataOf = (query: Query, step: Extract<Step, { kind: 'table' }>): object => {
  const { name, columns, id = randomUUID() } = step;
  query.tables.set(name, { id, columns });
  const infos = columns.map((column) => ({ column_name: column.name, column_type: column.type }));
  return { meta_data: { relation: { columns: infos }, name, id } };
};

const statsOf = (step: Extract<Step, { kind: 'stats' }>): object => ({
  data: {
    execution_stats: {
      timing: { execution_time_ns: step.executionNs, compilation_time_ns: step.compilationNs },
      bytes_processed: step.bytesProcessed,
      records_processed: step.recordsProcessed,
    },
  },
});

const compileError = ({ line, column, message }: Extract<Step, { kind: 'compileError' }>): object => ({
  status: {
    code: status.INVALID_ARGUMENT,
    error_details: [{ compiler_error: { line, column, message } }],
  },
});

function messageOf(query: Query, batches: Batches, step: Telling): Buffer {
  const response = (result: object): Buffer =>
    encode('ExecuteScriptResponse', { query_id: query.id, ...result });
  switch (step.kind) {
    case 'mutation': {
      const { code, message, states = [] } = step;
      return response({ mutation_info: { status: { code, message }, states } });
    }
    case 'table':
      return response(metadataOf(query, step));
    case 'rows':
    case 'eos':
      return batchOf(query, batches, step);
    case 'stats':
      return response(statsOf(step));
    case 'compileError':
      return response(compileError(step));
    case 'status':
      return response({ status: { code: step.code, message: step.message } });
    case 'raw':
      return encode('ExecuteScriptResponse', step.message);
  }
}

/** How the real server ends a call whose last message was this one: after a failure it told, with that failure. */
const endingAfter = (step: Telling): Verdict => {
  if (step.kind === 'compileError') return { code: status.INVALID_ARGUMENT, details: step.message };
  if (step.kind === 'mutation' || step.kind === 'status') return { code: step.code, details: step.message };
  return OK;
};

/** Plays a query's steps from where it stands until something ends the call. Rejects when the caller is gone. */
export async function playOn(query: Query, outlet: Outlet, batches: Batches): Promise<Ending> {
  let ending = OK;
  for (;;) {
    const next = await query.steps.next();
    if (next.done === true) return ending;
    const step = next.value;
    if (step.kind === 'cut') return { cut: step.way ?? 'stream' };
    if (step.kind === 'grpcError') return { code: step.code, details: step.message };
    if (step.kind === 'wait') await outlet.wait(step.ms);
    else {
      await outlet.send(messageOf(query, batches, step));
      ending = endingAfter(step);
    }
  }
}
