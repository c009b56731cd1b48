import type { Logger } from 'pino';
import type { OperatorConfig } from './config.ts';
import { certificateEvents } from './export/certificate-events.ts';
import { openHandover } from './export/handover.ts';
import { LOGS_PATH, shownUrl } from './export/shown-url.ts';
import { tellTransitions } from './export/tell-transitions.ts';
import { whisperEvents } from './export/whisper-events.ts';
import type { ObjectIndex } from './store/object-index.ts';
import { exportMetrics } from './surface/export-metrics.ts';
import type { OperatorMetrics } from './surface/metrics.ts';
import { VERSION } from './version.ts';

export interface FindingExport {
  /** Exports what happens from now on, and what happened just before; for one replica at a time. Returns what ends that. */
  begin(): () => void;
  /** Sends what waits, for three seconds at most. */
  close(): Promise<void>;
}

export interface ExportParts {
  readonly whispers: ObjectIndex<'KernelWhisper'>;
  readonly certificates: ObjectIndex<'PodBirthCertificate'>;
  readonly metrics: OperatorMetrics;
  readonly log: Logger;
}

const OFF: FindingExport = { begin: () => () => undefined, close: () => Promise.resolve() };

/** Exports findings where somebody said whereto; else OpenTelemetry's SDK is not even loaded. */
export async function exportFindings(
  config: OperatorConfig,
  { whispers, certificates, metrics, log }: ExportParts,
): Promise<FindingExport> {
  const url = logsUrl(config);
  if (url === null) return OFF;
  const shown = shownUrl(url);
  const { openExporter } = await import('./export/exporter.ts');
  const exporter = openExporter({
    url,
    version: VERSION,
    observer: {
      settled: (result, records) => {
        count(result, records);
        if (result === 'dropped') log.debug({ records }, 'records of findings were dropped');
      },
      failing: (why) => {
        if (why === null) log.info({ url: shown }, 'findings are exported again');
        else log.warn({ url: shown, why }, 'not all findings are exported');
      },
    },
  });
  const count = exportMetrics(metrics.registry, () => exporter.waiting);
  const { tell, begin } = openHandover();
  tellTransitions(whispers, whisperEvents, tell);
  tellTransitions(certificates, certificateEvents, tell);
  return { begin: () => begin(exporter.tell), close: exporter.close };
}

/** As OpenTelemetry's specification has it: the endpoint of one signal is taken as it is, that of all gets the path of OTLP. */
function logsUrl({ exportEndpoint, exportLogsEndpoint }: OperatorConfig): string | null {
  if (exportLogsEndpoint.reveal() !== '') return exportLogsEndpoint.reveal();
  const url = URL.parse(exportEndpoint.reveal());
  if (url === null) return null;
  url.pathname = `${url.pathname.replace(/\/$/, '')}${LOGS_PATH}`;
  return url.href;
}
