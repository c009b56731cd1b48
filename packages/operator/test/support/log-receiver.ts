import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { load, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { onTestFinished } from 'vitest';

/** A log record as it arrived. */
export interface ReceivedRecord {
  readonly name: string;
  readonly severity: number;
  readonly severityText: string;
  readonly body: string;
  readonly atMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface LogReceiver {
  readonly url: string;
  readonly records: readonly ReceivedRecord[];
  /** Of the requests that were taken. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** Requests, however they were answered. */
  readonly requests: number;
  /** With which status it answers from now on; null lets requests wait for ever. */
  answerWith(status: number | null): void;
}

interface AnyValue {
  readonly value?: string;
  readonly [field: string]: unknown;
}
interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}
interface LogRequest {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeLogs: readonly { readonly logRecords: readonly LogRecord[] }[];
  }[];
}
interface LogRecord {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: AnyValue;
  readonly attributes: readonly KeyValue[];
}

const FOLDER = fileURLToPath(new URL('../../proto', import.meta.url));

/** Takes OTLP's logs over HTTP, as OpenTelemetry's own definitions have them; gone when the test ends. */
export async function logReceiver(): Promise<LogReceiver> {
  const definitions = await load('opentelemetry/proto/collector/logs/v1/logs_service.proto', {
    includeDirs: [FOLDER],
    longs: String,
    arrays: true,
    oneofs: true,
  });
  const service = definitions['opentelemetry.proto.collector.logs.v1.LogsService'] as ServiceDefinition;
  const { requestDeserialize } = service.Export as MethodDefinition<LogRequest, object>;
  const records: ReceivedRecord[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const state = { status: 200 as number | null, requests: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      state.requests += 1;
      if (state.status === null) return;
      if (state.status === 200 && request.url === '/v1/logs') {
        headers.push(request.headers);
        records.push(...recordsOf(requestDeserialize(Buffer.concat(chunks))));
      }
      response.writeHead(request.url === '/v1/logs' ? state.status : 404).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    records,
    headers,
    get requests() {
      return state.requests;
    },
    answerWith: (status) => {
      state.status = status;
    },
  };
}

const recordsOf = ({ resourceLogs }: LogRequest): readonly ReceivedRecord[] =>
  resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs
      .flatMap(({ logRecords }) => logRecords)
      .map((record) => ({
        name: record.eventName,
        severity: record.severityNumber,
        severityText: record.severityText,
        body: String(valueOf(record.body)),
        atMs: Number(BigInt(record.timeUnixNano) / 1_000_000n),
        attributes: objectOf(record.attributes),
        resource: objectOf(resource.attributes),
      })),
  );

/** With `oneofs`, `value` names the field that is set. */
const valueOf = (any: AnyValue): unknown => {
  const value = any[any.value ?? ''];
  return any.value === 'intValue' ? Number(value) : value;
};

const objectOf = (pairs: readonly KeyValue[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, valueOf(value)]));
