import { status } from '@grpc/grpc-js';
import { fromJSON, type MessageTypeDefinition } from '@grpc/proto-loader';

/** Why a request was not taken, as a gRPC status says it. */
export interface Refusal {
  readonly code: status;
  readonly message: string;
  /** After how many seconds it may be sent again; null where sending it again will not help. */
  readonly retryAfterSeconds: number | null;
}

const RETRY_AFTER_SECONDS = 1;

/** gRPC sends messages as a header, of which there may be few kilobytes. */
const LONGEST_MESSAGE = 1000;
/** What senders wrote may be part of it, and need not be whole characters; a header must. */
const brief = (message: string): string => message.slice(0, LONGEST_MESSAGE).toWellFormed();

const final =
  (code: status) =>
  (message: string): Refusal => ({ code, message: brief(message), retryAfterSeconds: null });
const passing =
  (code: status) =>
  (message: string): Refusal => ({ code, message: brief(message), retryAfterSeconds: RETRY_AFTER_SECONDS });

export const invalid = final(status.INVALID_ARGUMENT);
export const tooLarge = final(status.RESOURCE_EXHAUSTED);
export const unauthenticated = final(status.UNAUTHENTICATED);
export const forbidden = final(status.PERMISSION_DENIED);
export const unimplemented = final(status.UNIMPLEMENTED);
export const broken = final(status.INTERNAL);
export const late = passing(status.DEADLINE_EXCEEDED);
export const full = passing(status.RESOURCE_EXHAUSTED);
export const unavailable = passing(status.UNAVAILABLE);

/** google.rpc.Status and RetryInfo, by which OTLP says what went wrong and when to come again. */
const RPC = fromJSON({
  nested: {
    Status: {
      fields: {
        code: { type: 'int32', id: 1 },
        message: { type: 'string', id: 2 },
        details: { rule: 'repeated', type: 'Any', id: 3 },
      },
    },
    Any: { fields: { typeUrl: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    RetryInfo: { fields: { retryDelay: { type: 'Duration', id: 1 } } },
    Duration: { fields: { seconds: { type: 'int64', id: 1 } } },
  },
});
const encode = (type: 'Status' | 'RetryInfo', message: object): Buffer =>
  (RPC[type] as MessageTypeDefinition<object, object>).serialize(message);

const RETRY_INFO_URL = 'type.googleapis.com/google.rpc.RetryInfo';

/** The refusal as a serialized google.rpc.Status: the body of an HTTP answer, and what gRPC sends as details. */
export function statusBytes({ code, message, retryAfterSeconds }: Refusal): Buffer {
  const details =
    retryAfterSeconds === null
      ? []
      : [
          {
            typeUrl: RETRY_INFO_URL,
            value: encode('RetryInfo', { retryDelay: { seconds: retryAfterSeconds } }),
          },
        ];
  return encode('Status', { code, message, details });
}

/** The same in JSON. */
export const statusJson = ({ code, message }: Refusal): object => ({ code, message });
