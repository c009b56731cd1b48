import {
  ownWindowOf,
  type KernelWhisper,
  type MetricsComparison,
  type MetricsSample,
} from 'kernel-gossip-types';

/** What the kernel counted, as it stands on a whisper; null where it was not measured. */
export interface KernelFigures {
  /** When the window ended, by the source's clock; null where the whisper does not tell. */
  readonly measuredAt: string | null;
  readonly windowSeconds: number | null;
  readonly cpuCores: number | null;
  readonly memoryBytes: number | null;
}

/** What of a whisper can be held against metrics. */
export const kernelFiguresOf = (whisper: KernelWhisper): KernelFigures => {
  const { kernel_truth: cpu, memory } = whisper.spec;
  const { seconds, end } = ownWindowOf(whisper);
  return {
    measuredAt: end,
    windowSeconds: seconds,
    cpuCores: cpu?.actual_cpu_cores ?? null,
    memoryBytes: memory?.usage_bytes ?? null,
  };
};

/**
 * Kernel and metrics about CPU side by side: what the sender says that the metrics claimed, else what metrics.k8s.io
 * said at the same time, else the kernel's figure alone. Null for kinds that metrics say nothing comparable about.
 */
export function metricsComparison(whisper: KernelWhisper): MetricsComparison | null {
  const { kind, kernel_truth, metrics_lie } = whisper.spec;
  if (kind !== 'cpu_throttle') return null;
  const claim = metrics_lie?.reported_cpu_cores ?? null;
  const sample = whisper.status?.metrics ?? null;
  return claim === null && sample !== null && isOfTheSameTime(sample, whisper)
    ? sideBySide(sample.kernel_cpu_cores, sample.cpu_cores)
    : sideBySide(kernel_truth?.actual_cpu_cores ?? null, claim);
}

/** What is further apart than this are two moments, unless the windows overlap. */
const FURTHEST_MS = 60_000;

/** Whether a sample and what the kernel counted with it are about the same time, and about this episode. */
function isOfTheSameTime(sample: MetricsSample, { spec }: KernelWhisper): boolean {
  if (
    sample.availability !== 'available' ||
    sample.measured_at === null ||
    sample.kernel_measured_at === null
  )
    return false;
  const metricsEnd = Date.parse(sample.measured_at);
  const kernelEnd = Date.parse(sample.kernel_measured_at);
  if (kernelEnd < Date.parse(spec.detected_at)) return false;
  return (
    Math.abs(metricsEnd - kernelEnd) <= FURTHEST_MS ||
    overlaps([metricsEnd, sample.window_seconds], [kernelEnd, sample.kernel_window_seconds])
  );
}

type Window = readonly [endMs: number, seconds: number | null];

const overlaps = ([oneEnd, one]: Window, [otherEnd, other]: Window): boolean =>
  one !== null && other !== null && oneEnd - one * 1000 <= otherEnd && otherEnd - other * 1000 <= oneEnd;

/** Null when neither said anything. */
const sideBySide = (kernel: number | null, metrics: number | null): MetricsComparison | null =>
  kernel === null && metrics === null
    ? null
    : {
        kernel_cpu_usage: kernel,
        metrics_cpu_usage: metrics,
        discrepancy_percent: discrepancy(kernel, metrics),
      };

const MOST_NEGATIVE = -1_000_000;

function discrepancy(kernel: number | null, metrics: number | null): number | null {
  if (kernel === null || metrics === null || kernel === 0) return null;
  return Math.max(MOST_NEGATIVE, Math.round(((kernel - metrics) / kernel) * 1000) / 10);
}
