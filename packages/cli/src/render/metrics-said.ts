import {
  NOT_MEASURED,
  showBytes,
  showCores,
  showPercent,
  showSeconds,
  showText,
  type KernelWhisper,
  type MetricsSample,
} from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';

/** The two figures that metrics have of a container. */
export type MetricsFigure = 'cpu' | 'memory';

const claimed = ({ spec: { metrics_lie: claim } }: KernelWhisper, figure: MetricsFigure): number | null =>
  (figure === 'cpu' ? claim?.reported_cpu_cores : claim?.reported_memory_bytes) ?? null;

export const showFigure = (figure: MetricsFigure, value: number | null): string =>
  figure === 'cpu' ? showCores(value) : showBytes(value);

/** What metrics say of a figure as a number; null where they say nothing. */
export function metricsValue(whisper: KernelWhisper, figure: MetricsFigure): number | null {
  const sample = whisper.status?.metrics ?? null;
  const sampled = figure === 'cpu' ? sample?.cpu_cores : sample?.memory_bytes;
  return claimed(whisper, figure) ?? (sample?.availability === 'available' ? (sampled ?? null) : null);
}

/** What metrics say of a figure. What the sender claimed goes before what was read, as it does in the verdict. */
export function metricsCell(whisper: KernelWhisper, figure: MetricsFigure): string {
  const claim = claimed(whisper, figure);
  if (claim !== null) return showFigure(figure, claim);
  const sample = whisper.status?.metrics ?? null;
  switch (sample?.availability) {
    case 'not_available':
      return 'not available';
    case 'no_sample':
      return 'no sample';
    case 'available':
      return showFigure(figure, figure === 'cpu' ? sample.cpu_cores : sample.memory_bytes);
    case undefined:
      return NOT_MEASURED;
  }
}

const span = (seconds: number | null, end: string | null, now: number): string =>
  `window ${showText(seconds === null ? null : showSeconds(seconds))}${end === null ? '' : ` that ended ${age(end, now)} ago`}`;

function kernelBeside(sample: MetricsSample, figure: MetricsFigure, now: number): string {
  const value = figure === 'cpu' ? sample.kernel_cpu_cores : sample.kernel_memory_bytes;
  if (value === null) return 'The kernel was not read at the same time.';
  return `To it the kernel's ${showFigure(figure, value)}, ${span(sample.kernel_window_seconds, sample.kernel_measured_at, now)}.`;
}

function sampleSource(sample: MetricsSample, figure: MetricsFigure, now: number): string {
  const asked = `asked ${age(sample.read_at, now)} ago`;
  const why = showText(sample.message, 'no reason was given').replace(/\.$/, '');
  if (sample.availability === 'not_available') return `METRICS: not available: ${why} (${asked}).`;
  if (sample.availability === 'no_sample') return `METRICS: no sample: ${why} (${asked}).`;
  return `METRICS: from metrics.k8s.io, ${span(sample.window_seconds, sample.measured_at, now)}. ${kernelBeside(sample, figure, now)}`;
}

const figureOf = ({ spec: { kind } }: KernelWhisper): MetricsFigure | null =>
  (({ cpu_throttle: 'cpu', memory_pressure: 'memory', network_issue: null }) as const)[kind];

/** Where the metrics' column comes from; none where metrics have no such figure. */
export function metricsSource(whisper: KernelWhisper, now: number): readonly string[] {
  const figure = figureOf(whisper);
  if (figure === null) return [];
  if (claimed(whisper, figure) !== null) {
    const source = showText(whisper.spec.metrics_lie?.source ?? null, 'a source not stated');
    return [`METRICS: from ${source}, at the same moment.`];
  }
  const sample = whisper.status?.metrics ?? null;
  return sample === null ? [] : [sampleSource(sample, figure, now)];
}

/** By how much the metrics differ from the kernel, as the assessment says it. */
export function discrepancyLine({ status }: KernelWhisper): readonly string[] {
  const percent = status?.metrics_comparison?.discrepancy_percent ?? null;
  if (percent === null) return [];
  const direction = percent < 0 ? 'more' : 'less';
  return [`The metrics showed ${showPercent(Math.abs(percent))} ${direction} CPU than the kernel counted.`];
}
