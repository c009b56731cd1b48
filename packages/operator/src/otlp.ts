import type { Authenticate } from './authn/authenticate.ts';
import type { OperatorConfig } from './config.ts';
import { takeObservations, type IntakeParts } from './intake/intake.ts';
import type { OtlpReceiver } from './intake/otlp/otlp-receiver.ts';
import type { OperatorMetrics } from './surface/metrics.ts';

export interface OtlpParts {
  readonly intake: IntakeParts;
  readonly authenticate: Authenticate;
  readonly metrics: OperatorMetrics;
  readonly onFailure: (error: unknown) => void;
}

const SOURCE = 'otlp';

/**
 * Receives OTLP where a port is set for it; null where none is, and then gRPC is not even loaded. Throws
 * `KG_CONFIG_INVALID` where it cannot listen.
 */
export async function receiveOtlp(
  { otlpGrpcPort: grpcPort, otlpHttpPort: httpPort, host }: OperatorConfig,
  { intake, authenticate, metrics, onFailure }: OtlpParts,
): Promise<OtlpReceiver | null> {
  if (grpcPort === null && httpPort === null) return null;
  const [{ startOtlpReceiver }, { observationOf }] = await Promise.all([
    import('./intake/otlp/otlp-receiver.ts'),
    import('kernel-gossip-pxl-scripts'),
  ]);
  return startOtlpReceiver({
    grpcPort,
    httpPort,
    host,
    authenticate,
    observationOf,
    take: (items, sender) =>
      takeObservations(items, { sender, defaultSource: SOURCE, position: null }, intake),
    count: metrics.countOtlp,
    onFailure,
  });
}
