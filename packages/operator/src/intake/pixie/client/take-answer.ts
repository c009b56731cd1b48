import { status as Code } from '@grpc/grpc-js';
import { decodeRows, readFrame } from './decode-batch.ts';
import { errorOfStatus } from './grpc-error.ts';
import type { QueryData, ScriptAnswer } from './load-proto.ts';
import { accept, type Execution, failure, type Progress, titleOf } from './script-run.ts';
import { announce, announceAgain, arrive } from './stream-checks.ts';

/** Takes one message of a stream in. Rejects when it tells a failure, breaks the protocol, or its rows cannot be taken. */
export async function take(answer: ScriptAnswer, execution: Execution, progress: Progress): Promise<void> {
  const { request, parts } = execution;
  const refused = errorOfStatus(titleOf(request), answer.status, parts.make);
  if (refused !== null) throw refused;
  if (progress.queryId === '') progress.queryId = answer.queryId;
  if (answer.mutationInfo !== null) {
    progress.pending = pendingProbes(answer.mutationInfo, execution);
  }
  if (answer.metaData !== undefined) {
    const tell = progress.resumes === 0 ? announce : announceAgain;
    progress.tables = accept(execution, tell(progress.tables, answer.metaData));
  }
  if (answer.data !== undefined) await takeData(answer.data, execution, progress);
}

function pendingProbes(
  { status, states }: NonNullable<ScriptAnswer['mutationInfo']>,
  execution: Execution,
): string | null {
  const failed = states.filter(({ state }) => state === 'FAILED_STATE').map(({ name }) => name);
  // Pixie goes on saying that they are being installed.
  if (failed.length > 0) throw failure(execution, 'KG_PIXIE_SCRIPT', `failed probes: ${failed.join(', ')}`);
  if (status?.code === Code.UNAVAILABLE) return status.message;
  const refused = errorOfStatus(titleOf(execution.request), status, execution.parts.make);
  if (refused !== null) throw refused;
  return null;
}

async function takeData(data: QueryData, execution: Execution, progress: Progress): Promise<void> {
  if (data.batch.length > 0) await takeBatch(data.batch, false, execution, progress);
  if (data.encryptedBatch.length > 0) {
    await takeBatch(await decrypted(data.encryptedBatch, execution), true, execution, progress);
  }
  if (data.executionStats !== null) progress.stats = data.executionStats;
}

async function decrypted(jwe: Buffer, execution: Execution): Promise<Buffer> {
  const { encryption } = execution.parts;
  if (encryption === null) throw failure(execution, 'KG_PIXIE_PROTOCOL', 'rows came encrypted, unasked');
  try {
    return await encryption.decrypt(jwe);
  } catch {
    throw failure(execution, 'KG_PIXIE_PROTOCOL', 'a batch cannot be decrypted');
  }
}

async function takeBatch(
  bytes: Buffer,
  wasEncrypted: boolean,
  execution: Execution,
  progress: Progress,
): Promise<void> {
  const { request, parts, onRows } = execution;
  const frame = readFrame(bytes);
  if (frame === null) throw failure(execution, 'KG_PIXIE_PROTOCOL', 'a batch cannot be read');
  if (parts.encryption !== null && !wasEncrypted && frame.numRows > 0) {
    throw failure(
      execution,
      'KG_PIXIE_PROTOCOL',
      'rows came in the clear; PIXIE_ENCRYPTION=false would accept that',
    );
  }
  const { table, tables } = accept(execution, arrive(progress.tables, frame));
  if (progress.rows + frame.numRows > request.maxRows) {
    throw failure(execution, 'KG_PIXIE_SCRIPT', `more than ${request.maxRows} rows`);
  }
  const rows = accept(execution, decodeRows(frame, table.columns));
  progress.tables = tables;
  progress.rows += rows.length;
  if (rows.length > 0) await onRows({ table: table.name, rows });
}
