import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import {
  LogsExporterMetricsHelper,
  ProtobufLogsSerializer,
  type IExportLogsPartialSuccess,
} from '@opentelemetry/otlp-transformer';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { visible } from 'kernel-gossip-types';

/** What became of a batch: the receiver took all but those that it rejected for good, if any; or all of it has to wait. */
export type Outcome =
  | { readonly result: 'settled'; readonly rejected: number; readonly why: string | null }
  | { readonly result: 'away'; readonly why: string };

/** Sends one batch at a time. */
export interface Sender {
  send(batch: ReadableLogRecord[]): Promise<Outcome>;
  close(): Promise<void>;
}

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is no dependency of ours. */
const SUCCESS = 0;

/** What a receiver says goes to the log, and may be as long as it likes. */
const MOST_WORDS = 300;
const wordsOf = (text: string): string => visible(text.slice(0, MOST_WORDS));

/**
 * Sends log records by OTLP over HTTP: the SDK's exporter, put together from its parts, since the whole one tells
 * nobody what a receiver took and left out.
 */
export function openSender(url: string): Sender {
  let leftOut: IExportLogsPartialSuccess = {};
  const exporter = createOtlpHttpExportDelegate(
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the SDK's own exporter reads OTEL_EXPORTER_OTLP_* by this, and nothing else does
    convertLegacyHttpOptions({ url }, 'LOGS', 'v1/logs', { 'Content-Type': 'application/x-protobuf' }),
    {
      ...ProtobufLogsSerializer,
      deserializeResponse: (data) => {
        const response = ProtobufLogsSerializer.deserializeResponse(data);
        leftOut = response.partialSuccess ?? {};
        return response;
      },
    },
    'otlp_http_log_exporter',
    LogsExporterMetricsHelper,
    undefined,
  );
  return {
    send: (batch) =>
      new Promise((resolve) => {
        leftOut = {};
        exporter.export(batch, ({ code, error }) => {
          resolve((code as number) === SUCCESS ? taken(batch.length, leftOut) : refused(batch.length, error));
        });
      }),
    close: () => exporter.shutdown(),
  };
}

/** With none rejected the message is advice (https://opentelemetry.io/docs/specs/otlp/#partial-success-1). */
function taken(
  records: number,
  { rejectedLogRecords = 0, errorMessage = 'no reason given' }: IExportLogsPartialSuccess,
): Outcome {
  // A number may be anything, where a receiver is mistaken.
  const rejected = rejectedLogRecords < records ? rejectedLogRecords : records;
  const why = rejected === 0 ? null : `${rejected} of ${records} were rejected: ${wordsOf(errorMessage)}`;
  return { result: 'settled', rejected, why };
}

function refused(records: number, error: Error | undefined): Outcome {
  const status = error !== undefined && 'code' in error && typeof error.code === 'number' ? error.code : null;
  const why = `${status ?? ''} ${wordsOf(error?.message ?? 'no answer')}`.trim();
  return status === null || ABOUT_THE_SENDER.includes(status)
    ? { result: 'away', why }
    : { result: 'settled', rejected: records, why };
}

/**
 * OTLP lets a sender try again after 429, 502, 503 and 504, which have no status on the error, and after no other
 * (https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes). But 401 and 403 say nothing of the records: once
 * the receiver knows the key again, it takes them. A key that was changed over there must not cost all history until
 * somebody sees it; so they wait, with pauses, while there is room.
 */
const ABOUT_THE_SENDER: readonly number[] = [401, 403];
