import type { Authenticate } from '../../authn/authenticate.ts';
import { admission } from './admission.ts';
import { loadDefinitions } from './definitions.ts';
import { exportings, MAX_BODY_BYTES, type ExportOptions } from './exporting.ts';
import { Gate, type GateLimits } from './gate.ts';
import { startGrpcReceiver } from './grpc-receiver.ts';
import { startHttpReceiver } from './http-receiver.ts';
import type { Listening } from './listening.ts';

/** As of the webhook; and a sender with ten requests at a time, as the Collector is, need not be told to come back. */
const LIMITS: GateLimits = { requests: 512, bytes: 8 * MAX_BODY_BYTES, patienceMs: 5_000 };

export interface OtlpOptions extends ExportOptions {
  /** 0 takes a free one; null leaves it closed. */
  readonly grpcPort: number | null;
  readonly httpPort: number | null;
  readonly host: string;
  /** Finds out who sends, before the body is read. */
  readonly authenticate: Authenticate;
  readonly limits?: GateLimits;
  /** How long a request over gRPC may take to arrive, in milliseconds; 30 seconds where not given. */
  readonly bodyTimeoutMs?: number;
}

export interface OtlpReceiver {
  readonly grpcPort: number | null;
  readonly httpPort: number | null;
  /** Takes nothing more, and lets what is under way end. */
  close(): Promise<void>;
}

/**
 * Takes metrics and traces in from whoever speaks OTLP: what our scripts export from Pixie, throttling that a Collector reads,
 * and HTTP spans. All else is accepted and ignored. Resolves when it listens; throws `KG_CONFIG_INVALID` where it cannot.
 */
export async function startOtlpReceiver(options: OtlpOptions): Promise<OtlpReceiver> {
  const { grpcPort, httpPort, host, authenticate, onFailure, limits = LIMITS, bodyTimeoutMs } = options;
  const closed: OtlpReceiver = { grpcPort: null, httpPort: null, close: () => Promise.resolve() };
  if (grpcPort === null && httpPort === null) return closed;
  const shared = {
    host,
    admit: admission(new Gate(limits), authenticate, onFailure),
    exportings: exportings(await loadDefinitions(), options),
    onBug: onFailure,
  };
  const grpc =
    grpcPort === null ? null : await startGrpcReceiver({ ...shared, port: grpcPort, bodyTimeoutMs });
  const http = httpPort === null ? null : await startHttpOrClose(grpc, { ...shared, port: httpPort });
  return {
    grpcPort: grpc?.port ?? null,
    httpPort: http?.port ?? null,
    close: async () => {
      await Promise.all([grpc?.close(), http?.close()]);
    },
  };
}

/** Where one of the two cannot listen, neither does. */
async function startHttpOrClose(
  grpc: Listening | null,
  options: Parameters<typeof startHttpReceiver>[0],
): Promise<Listening> {
  try {
    return await startHttpReceiver(options);
  } catch (error) {
    await grpc?.close();
    throw error;
  }
}
