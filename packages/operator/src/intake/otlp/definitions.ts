import { fileURLToPath } from 'node:url';
import {
  load,
  type MethodDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';
import type { Message } from './message.ts';
import { shapeOf, type MessageShape } from './message-count.ts';

/** One method of OTLP, as its definitions have it. */
export interface OtlpMethod {
  /** Where gRPC has it. */
  readonly path: string;
  /** The shape of its requests. */
  readonly shape: MessageShape;
  /** Throws where the bytes are none of its requests. */
  readonly decode: (bytes: Uint8Array) => Message;
  readonly encode: (response: object) => Buffer;
}

export interface OtlpDefinitions {
  readonly metrics: OtlpMethod;
  readonly traces: OtlpMethod;
}

/** Of dist/ as of src/: the same distance from the package's root. */
const FOLDER = fileURLToPath(new URL('../../../proto', import.meta.url));
const COLLECTOR = 'opentelemetry.proto.collector';

/** Reads OpenTelemetry's own definitions (proto/opentelemetry). */
export async function loadDefinitions(): Promise<OtlpDefinitions> {
  const definitions = await load(
    [
      'opentelemetry/proto/collector/metrics/v1/metrics_service.proto',
      'opentelemetry/proto/collector/trace/v1/trace_service.proto',
    ],
    { includeDirs: [FOLDER] },
  );
  return {
    metrics: methodOf(
      definitions,
      `${COLLECTOR}.metrics.v1`,
      'MetricsService',
      'ExportMetricsServiceRequest',
    ),
    traces: methodOf(definitions, `${COLLECTOR}.trace.v1`, 'TraceService', 'ExportTraceServiceRequest'),
  };
}

function methodOf(
  definitions: PackageDefinition,
  scope: string,
  service: string,
  request: string,
): OtlpMethod {
  const methods = definitions[`${scope}.${service}`] as ServiceDefinition;
  const method = methods.Export as MethodDefinition<object, Message>;
  const { path, requestDeserialize, responseSerialize } = method as MethodDefinition<object, object>;
  return {
    path,
    shape: shapeOf(definitions, `${scope}.${request}`),
    decode: (bytes) =>
      requestDeserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as Message,
    encode: responseSerialize,
  };
}
