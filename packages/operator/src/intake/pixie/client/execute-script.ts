import { status as Code, type ClientReadableStream } from '@grpc/grpc-js';
import { deadline } from '../../../cluster/deadline.ts';
import { type CallStatus, errorOfCall, isCut, statusOfThrown } from './grpc-error.ts';
import type { ScriptAnswer, ScriptQuestion } from './load-proto.ts';
import {
  accept,
  type Execution,
  failure,
  newProgress,
  type OnRows,
  type Progress,
  type ScriptParts,
  type ScriptRequest,
  type ScriptStats,
  statsOf,
  titleOf,
} from './script-run.ts';
import { finish } from './stream-checks.ts';
import { take } from './take-answer.ts';

/** How often and how long probes are waited for, as by Pixie's command line. */
const PROBE_TRIES = 5;
const PROBE_PAUSE_MS = 5000;
const MOST_RESUMES = 5;
const RESUME_PAUSE_MS = 500;
/** The server is told a deadline too, but a later one: ours is to be first, and says so in our words. */
const FOR_THE_SERVER_MS = 1000;

/**
 * Runs one script to its end. Rejects with KG_UNREACHABLE where trying again makes sense, with KG_FORBIDDEN, KG_NOT_FOUND,
 * KG_PIXIE_SCRIPT and KG_PIXIE_PROTOCOL where it does not; with the signal's own reason when that aborts.
 */
export async function executeScript(
  request: ScriptRequest,
  onRows: OnRows,
  signal: AbortSignal,
  parts: ScriptParts,
): Promise<ScriptStats> {
  const until = deadline(request.deadlineMs, signal);
  const execution: Execution = {
    request,
    onRows,
    parts,
    signal: until.signal,
    endsAtMs: Date.now() + request.deadlineMs,
  };
  try {
    return await waitForProbes(execution);
  } catch (error) {
    signal.throwIfAborted();
    if (!until.passed()) throw error;
    parts.connection.renew();
    throw parts.make('KG_UNREACHABLE', titleOf(request), `no end within ${request.deadlineMs} ms`);
  } finally {
    until.release();
  }
}

/** While its probes are being installed Pixie refuses a script, which is then to be sent again. */
async function waitForProbes(execution: Execution): Promise<ScriptStats> {
  const { parts, signal } = execution;
  for (let tries = 1; ; tries += 1) {
    const progress = await streamToEnd(execution);
    if (progress.pending === null) return statsOf(progress);
    if (tries === PROBE_TRIES) {
      throw failure(execution, 'KG_UNREACHABLE', `its probes are not ready: ${progress.pending}`);
    }
    await parts.pause(PROBE_PAUSE_MS, signal);
  }
}

/**
 * Goes on with a query whose stream was cut. The broker takes each batch off a queue once (pixie,
 * src/vizier/services/query_broker/controllers/query_result_forwarder.go): what it sent does not come again.
 */
async function streamToEnd(execution: Execution): Promise<Progress> {
  const { parts, signal, request } = execution;
  const progress = newProgress();
  for (;;) {
    const ending = await readStream(execution, progress);
    if (ending === null) return progress;
    const { queryId, resumes } = progress;
    const goesOn = isCut(ending) || (resumes > 0 && ending.code === Code.UNAVAILABLE);
    if (!goesOn || queryId === '' || resumes === MOST_RESUMES) {
      throw resumes === 0
        ? errorOfCall(titleOf(request), ending, parts.make)
        : failure(execution, 'KG_UNREACHABLE', `cut, and not to be gone on with: ${ending.details}`);
    }
    await parts.pause(RESUME_PAUSE_MS * resumes, signal);
    progress.resumes += 1;
  }
}

/** Reads one stream; null when the script came to its end, or its probes are pending. */
async function readStream(execution: Execution, progress: Progress): Promise<CallStatus | null> {
  const { parts, signal, endsAtMs } = execution;
  signal.throwIfAborted();
  const call = parts.connection.executeScript(questionOf(execution, progress), {
    deadline: endsAtMs + FOR_THE_SERVER_MS,
  });
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel);
  // Once nobody reads on, its error is nobody's.
  call.on('error', () => undefined);
  try {
    const answers = call[Symbol.asyncIterator]();
    for (;;) {
      const answer = await nextOf(answers);
      signal.throwIfAborted();
      if (answer === null) break;
      if ('details' in answer) return answer;
      await take(answer, execution, progress);
      if (progress.pending !== null) return null;
    }
    accept(execution, finish(progress.tables));
    return null;
  } finally {
    signal.removeEventListener('abort', cancel);
    call.cancel();
  }
}

type Answers = ReturnType<ClientReadableStream<ScriptAnswer>[typeof Symbol.asyncIterator]>;

/** The next answer, the status that the call failed with, or null when it ended well. */
async function nextOf(answers: Answers): Promise<ScriptAnswer | CallStatus | null> {
  try {
    const next = (await answers.next()) as IteratorResult<ScriptAnswer, undefined>;
    return next.done === true ? null : next.value;
  } catch (thrown) {
    return statusOfThrown(thrown);
  }
}

function questionOf({ request, parts }: Execution, { queryId }: Progress): ScriptQuestion {
  const common = {
    clusterId: parts.address.clusterId,
    encryptionOptions: parts.encryption?.options ?? null,
  };
  return queryId === ''
    ? { ...common, queryStr: request.query, queryName: request.name, mutation: request.mutation }
    : { ...common, queryId };
}
