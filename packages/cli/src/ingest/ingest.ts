import { isLeft } from 'fp-ts/lib/Either.js';
import { isKnownTable, observationOf, type ObservationJson, type TableName } from 'kernel-gossip-pxl-scripts';
import { sendPatiently } from '../send/patiently.ts';
import type { SendAnswer } from '../target/target.ts';
import { readRows, type ReadRow } from './read-rows.ts';
import { noteUnknown, noteWrong, type Tally } from './tally.ts';

export interface IngestOptions {
  /** Who saw it, as the observations shall say. */
  readonly source: string;
  /** Rows about pods of other namespaces are left out; null: none. */
  readonly namespace: string | null;
  /** Whether the input is read on after a piece that is no row. */
  readonly skipsBad: boolean;
  readonly signal: AbortSignal;
}

export type SendRows = (observations: readonly ObservationJson[]) => Promise<SendAnswer>;

/** An observation that waits to be sent, and where it comes from. */
interface Waiting {
  readonly place: string;
  readonly table: TableName;
  readonly observation: ObservationJson;
}

const LARGEST_BATCH = 500;

/** Counts one row, and gives what is to be sent of it. */
function take(read: ReadRow, { source, namespace }: IngestOptions, tally: Tally): Waiting | null {
  if ('wrong' in read) {
    tally.bad += 1;
    noteWrong(tally, `${read.place}: ${read.wrong}`);
    return null;
  }
  const { place, table, row } = read;
  if (!isKnownTable(table)) {
    noteUnknown(tally, table);
    return null;
  }
  const counts = tally.tables[table];
  counts.rows += 1;
  const told = observationOf(table, row, { source });
  if (isLeft(told)) {
    counts.rejected += 1;
    const { column, expected, got } = told.left;
    noteWrong(tally, `${place}: ${table}.${column}: expected ${expected}, got ${got}`);
    return null;
  }
  const observation = told.right;
  if (observation === null) counts.untold += 1;
  else if (namespace !== null && observation.namespace !== namespace) counts.elsewhere += 1;
  else return { place, table, observation };
  return null;
}

async function post(
  batch: readonly Waiting[],
  send: SendRows,
  signal: AbortSignal,
  tally: Tally,
): Promise<void> {
  const sent = await sendPatiently(() => send(batch.map(({ observation }) => observation)), signal);
  if (sent === null) return;
  const { answer, waits } = sent;
  tally.waits += waits;
  const refused = new Set(answer.rejected.map(({ index }) => index));
  for (const { index, path, expected, got } of answer.rejected) {
    const { place, table } = batch[index] ?? { place: 'a row', table: 'unknown' };
    noteWrong(tally, `${place}: ${table}: ${path === '' ? '' : `${path}: `}expected ${expected}, got ${got}`);
  }
  if (answer.error !== null && refused.size === 0) noteWrong(tally, answer.error);
  batch.forEach(({ table }, index) => {
    const isTaken = answer.accepted > 0 && !refused.has(index);
    tally.tables[table][isTaken ? 'accepted' : 'rejected'] += 1;
  });
}

/**
 * Sends what the rows of an input tell. Nothing more is read while the operator has not answered for what was sent, so an
 * input of any length takes the memory of some hundred rows. What was read before a bad piece is sent. Counts as it goes, so
 * that after a failure it is known how far it came.
 */
export async function ingest(
  input: AsyncIterable<string>,
  send: SendRows,
  options: IngestOptions,
  tally: Tally,
): Promise<void> {
  for await (const rows of readRows(input)) {
    let batch: Waiting[] = [];
    for (const read of rows) {
      const waiting = take(read, options, tally);
      if (waiting !== null) batch.push(waiting);
      if (tally.bad > 0 && !options.skipsBad) break;
      if (batch.length < LARGEST_BATCH) continue;
      await post(batch, send, options.signal, tally);
      batch = [];
    }
    if (batch.length > 0) await post(batch, send, options.signal, tally);
    if (options.signal.aborted || (tally.bad > 0 && !options.skipsBad)) break;
  }
}
