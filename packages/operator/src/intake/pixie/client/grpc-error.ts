import { status as Code } from '@grpc/grpc-js';
import { type ErrorCode, KernelGossipError, messageOf } from 'kernel-gossip-types';
import type { PixieStatus } from './load-proto.ts';

/** How a call ended, as gRPC tells it. */
export interface CallStatus {
  readonly code: Code;
  readonly details: string;
}

const isCode = (code: unknown): code is Code => typeof code === 'number' && code in Code;

/** What grpc-js throws, as far as it is of use; anything else is told as an unknown status. */
export function statusOfThrown(thrown: unknown): CallStatus {
  const { code, details } = (typeof thrown === 'object' ? (thrown ?? {}) : {}) as Readonly<
    Record<string, unknown>
  >;
  return {
    code: isCode(code) ? code : Code.UNKNOWN,
    details: typeof details === 'string' ? details : messageOf(thrown),
  };
}

/** Said by grpc-js of a connection that ended under a call. */
const DROPPED = 'Connection dropped';
/** What Pixie's own client takes for a stream that was cut rather than ended (pixie, src/api/go/pxapi/results.go). */
const CUT = ['RST_STREAM', 'server closed the stream without sending trailers'];

/** Whether the way broke, so that the query may still run. */
export const isCut = ({ code, details }: CallStatus): boolean =>
  code === Code.INTERNAL
    ? CUT.some((words) => details.includes(words))
    : code === Code.UNAVAILABLE && details === DROPPED;

const CODES: Readonly<Record<number, ErrorCode>> = {
  [Code.INVALID_ARGUMENT]: 'KG_PIXIE_SCRIPT',
  [Code.NOT_FOUND]: 'KG_NOT_FOUND',
  [Code.PERMISSION_DENIED]: 'KG_FORBIDDEN',
  [Code.UNIMPLEMENTED]: 'KG_PIXIE_PROTOCOL',
  [Code.UNAUTHENTICATED]: 'KG_FORBIDDEN',
};

/** Words of a server or of grpc-js that say more than the code beside them. */
const TOLD_BY_WORDS: readonly (readonly [words: string, code: ErrorCode])[] = [
  ['missing/malformed cluster_id', 'KG_NOT_FOUND'],
  ['Large data batch rejected', 'KG_PIXIE_SCRIPT'],
  ['Received message larger than max', 'KG_PIXIE_PROTOCOL'],
  ['Response message parsing error', 'KG_PIXIE_PROTOCOL'],
];

const codeOf = ({ code, details }: CallStatus): ErrorCode =>
  TOLD_BY_WORDS.find(([words]) => details.includes(words))?.[1] ?? CODES[code] ?? 'KG_UNREACHABLE';

const LONGEST_MESSAGE = 1000;

/** Makes errors about one address, none of which holds its key. */
export type ErrorMaker = (code: ErrorCode, what: string, words: string) => KernelGossipError;

/** A server's words are its own: it might quote the key it was sent. */
export const errorMaker =
  (apiKey: string | null): ErrorMaker =>
  (code, what, words) => {
    const clean = apiKey === null ? words : words.replaceAll(apiKey, '***');
    return new KernelGossipError(code, `${what}: ${clean.slice(0, LONGEST_MESSAGE)}`);
  };

/** The error that a call ended with. What grpc-js threw is left behind: it holds the metadata of the call. */
export function errorOfCall(what: string, status: CallStatus, make: ErrorMaker): KernelGossipError {
  return make(codeOf(status), what, `${status.details || 'no reason given'} (gRPC ${Code[status.code]})`);
}

/** The error that Pixie told in a message; null where the status is a good one. */
export function errorOfStatus(
  what: string,
  status: PixieStatus | null,
  make: ErrorMaker,
): KernelGossipError | null {
  if (status === null || status.code === Code.OK) return null;
  const places = status.errorDetails.flatMap(({ compilerError }) =>
    compilerError === undefined
      ? []
      : [`line ${compilerError.line}, column ${compilerError.column}: ${compilerError.message}`],
  );
  return places.length > 0
    ? make('KG_PIXIE_SCRIPT', what, `does not compile: ${places.join('; ')}`)
    : errorOfCall(
        what,
        { code: isCode(status.code) ? status.code : Code.UNKNOWN, details: status.message },
        make,
      );
}
