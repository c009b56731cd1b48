import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import type { Sender } from '../../authn/sender.ts';
import { CounterMemory } from './counter-memory.ts';
import type { OtlpDefinitions, OtlpMethod } from './definitions.ts';
import type { Found } from './found-rows.ts';
import { isMessage, type Message } from './message.ts';
import { countMessages } from './message-count.ts';
import { forbidden, invalid, tooLarge, unavailable, type Refusal } from './refusal.ts';
import { rowsOfMetrics } from './rows-of-metrics.ts';
import { rowsOfSpans } from './rows-of-spans.ts';
import { takeTold, tell, type ObservationOf, type TakeItems, type Telling } from './take-found.ts';

/** The largest body that is read, decompressed; as of the webhook. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Twenty bytes each, as rows have them, in the largest body; they take some 100 MB while they are read. */
const MAX_MESSAGES = 500_000;

export type Signal = 'metrics' | 'traces';
/** Told how many data points or spans came, and what became of them. */
export type CountItems = (signal: Signal, result: 'accepted' | 'rejected' | 'ignored', items: number) => void;

export interface ExportOptions {
  readonly take: TakeItems;
  readonly observationOf: ObservationOf;
  readonly count: CountItems;
  /** Called with what went wrong when a request could not be stored. */
  readonly onFailure: (error: unknown) => void;
}

/** What one signal is received with, whatever way it comes. */
export interface Exporting {
  readonly signal: Signal;
  readonly method: OtlpMethod;
  /** Takes a request in. The answer is an Export…ServiceResponse. */
  readonly take: (read: ReadRequest, sender: Sender) => Promise<Either<Refusal, Message>>;
}

/** Decodes a request. Called once; a request takes some ten times the memory of its body, so nobody else is to hold it. */
export type ReadRequest = () => Either<Refusal, Message>;

interface FoundAndThen extends Found {
  /** To be called where what was found could not be taken, so that it counts when it is sent again. */
  readonly takeBack: () => void;
}
type Find = (request: Message) => Either<string, FoundAndThen>;

/** Puts together what takes each signal in. */
export function exportings(definitions: OtlpDefinitions, options: ExportOptions): readonly Exporting[] {
  const memory = new CounterMemory();
  const inMetrics: Find = (request) => {
    const found = rowsOfMetrics(request, memory.get);
    return isLeft(found)
      ? found
      : right({ ...found.right, takeBack: memory.remember(found.right.readings, Date.now()) });
  };
  const inSpans: Find = (request) => {
    const found = rowsOfSpans(request);
    return isLeft(found) ? found : right({ ...found.right, takeBack: () => undefined });
  };
  return [
    exporting('metrics', definitions.metrics, 'rejectedDataPoints', taking('metrics', inMetrics, options)),
    exporting('traces', definitions.traces, 'rejectedSpans', taking('traces', inSpans, options)),
  ];
}

type Taking = (read: ReadRequest, sender: Sender) => Promise<Either<Refusal, Rejected>>;

interface Rejected {
  readonly rejected: number;
  readonly message: string;
}

function taking(signal: Signal, find: Find, options: ExportOptions): Taking {
  const { take, observationOf, count, onFailure } = options;
  return async (read, sender) => {
    const telling = lookThrough(read, find, observationOf);
    if (isLeft(telling)) return telling;
    try {
      const outcome = await takeTold(telling.right, sender, take);
      count(signal, 'accepted', outcome.accepted);
      count(signal, 'rejected', outcome.rejected);
      count(signal, 'ignored', outcome.ignored);
      return outcome.isForbidden ? left(forbidden(outcome.message)) : right(outcome);
    } catch (error) {
      telling.right.takeBack();
      onFailure(error);
      return left(unavailableBecause(error));
    }
  };
}

interface TellingAndThen extends Telling {
  readonly takeBack: () => void;
}

/** A function of its own: the request and its rows are let go of before what they tell waits for the store. */
function lookThrough(
  read: ReadRequest,
  find: Find,
  observationOf: ObservationOf,
): Either<Refusal, TellingAndThen> {
  const request = read();
  if (isLeft(request)) return request;
  const found = find(request.right);
  return isLeft(found)
    ? left(invalid(`expected ${found.left} to be what the definitions of OTLP say`))
    : right({ ...tell(found.right, observationOf), takeBack: found.right.takeBack });
}

/** Says no more than what is ours to say. */
export const unavailableBecause = (error: unknown): Refusal =>
  unavailable(isKernelGossipError(error) ? error.message : 'the store cannot be written now');

const exporting = (
  signal: Signal,
  method: OtlpMethod,
  rejectedField: 'rejectedDataPoints' | 'rejectedSpans',
  take: Taking,
): Exporting => ({
  signal,
  method,
  take: async (read, sender) => {
    const taken = await take(read, sender);
    if (isLeft(taken)) return taken;
    const { rejected, message } = taken.right;
    // The definitions ask for nothing where all went well. 64 bits are text in JSON.
    return right(
      rejected === 0 ? {} : { partialSuccess: { [rejectedField]: String(rejected), errorMessage: message } },
    );
  },
});

/** The request in a body of protobuf. */
export function decodeProtobuf({ decode, shape }: OtlpMethod, body: Uint8Array): Either<Refusal, Message> {
  const messages = countMessages(body, shape, MAX_MESSAGES);
  if (messages === null) return left(invalid('expected protobuf as OTLP defines it'));
  if (messages > MAX_MESSAGES) {
    return left(tooLarge(`expected at most ${MAX_MESSAGES} messages in all; send smaller batches`));
  }
  try {
    return right(decode(body));
  } catch (error) {
    return left(invalid(`expected protobuf as OTLP defines it: ${messageOf(error)}`));
  }
}

/** The request in a body of JSON. */
export function decodeJson(body: Uint8Array): Either<Refusal, Message> {
  try {
    const request: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return isMessage(request) ? right(request) : left(invalid('expected an object'));
  } catch (error) {
    return left(invalid(`expected JSON in UTF-8: ${messageOf(error)}`));
  }
}
