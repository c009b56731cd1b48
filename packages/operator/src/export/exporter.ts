import { SeverityNumber } from '@opentelemetry/api';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import type { Severity } from 'kernel-gossip-types';
import type { FindingEvent } from './event.ts';
import { openSender } from './otlp-sender.ts';
import { Outbox, type OutboxObserver } from './outbox.ts';

export interface FindingExporter {
  readonly tell: (event: FindingEvent) => void;
  /** Records that wait to be sent. */
  readonly waiting: number;
  /** Sends what waits, for three seconds at most. */
  readonly close: () => Promise<void>;
}

export interface ExporterOptions {
  /** Where OTLP's logs are taken over HTTP. */
  readonly url: string;
  readonly version: string;
  readonly observer: OutboxObserver;
}

const NAME = 'kernel-gossip-operator';

const SEVERITY_NUMBERS: Readonly<Record<Severity, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warning: SeverityNumber.WARN,
  critical: SeverityNumber.ERROR,
};

/**
 * Exports events as log records of OpenTelemetry, by OTLP over HTTP. Headers, certificates, compression, time-out and
 * attributes of the resource come from the variables that OpenTelemetry's specification has for them; the SDK reads them.
 */
export function openExporter({ url, version, observer }: ExporterOptions): FindingExporter {
  const own = resourceFromAttributes({ 'service.name': NAME, 'service.version': version });
  const outbox = new Outbox(openSender(url), observer);
  const provider = new LoggerProvider({
    resource: own.merge(
      detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }),
    ),
    processors: [outbox],
  });
  const logger = provider.getLogger(NAME, version);
  return {
    tell: ({ name, severity, atMs, body, attributes }) => {
      logger.emit({
        eventName: name,
        severityNumber: SEVERITY_NUMBERS[severity],
        severityText: severity,
        ...(atMs === null ? {} : { timestamp: atMs }),
        body,
        attributes: Object.fromEntries(
          Object.entries(attributes).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
        ),
      });
    },
    get waiting() {
      return outbox.waiting;
    },
    close: () => provider.shutdown(),
  };
}
