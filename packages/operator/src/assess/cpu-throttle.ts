import type {
  KernelTruth,
  KernelWhisperSpec,
  MetricsComparison,
  MetricsLie,
  Severity,
} from 'kernel-gossip-types';
import { coresText, percentText, secondsText } from './words.ts';
import type { Verdict } from './verdict.ts';

const DEGREE: Readonly<Record<Severity, string>> = { critical: 'high', warning: 'moderate', info: 'low' };

/** How much more to allow when nothing but the share of throttled periods is known. */
const STEP_PERCENT = 50;
/** Limits are proposed in steps of 10 millicores: kubelet's CFS quota has a floor of 1 ms in 100 ms. */
const LIMIT_STEP_CORES = 0.01;

export const judgeCpuThrottle = (spec: KernelWhisperSpec): Verdict => {
  const percent = spec.throttled_percent ?? 0;
  return {
    insight: `Pod experiencing ${DEGREE[spec.severity]} CPU throttling at ${percentText(percent)}`,
    kernelEvidence: evidence(percent, spec.kernel_truth),
    recommendation: recommendation(spec.kernel_truth),
    comparison: compare(spec.kernel_truth, spec.metrics_lie),
  };
};

/** With counters, what they count: periods. With a share alone, the words in which it is documented. */
function evidence(percent: number, truth: KernelTruth | null): string {
  if (truth?.nr_periods == null || truth.nr_throttled === null) {
    return `Kernel shows ${percentText(percent)} throttled time`;
  }
  const window = truth.window_seconds === null ? '' : ` in ${secondsText(truth.window_seconds)}`;
  const withheld =
    truth.throttled_seconds === null
      ? ''
      : `; ${secondsText(truth.throttled_seconds)} of run time withheld over all CPUs`;
  return `Kernel throttled ${truth.nr_throttled} of ${truth.nr_periods} CFS periods (${percentText(percent)})${window}${withheld}`;
}

function recommendation(truth: KernelTruth | null): string {
  const words = `Consider increase CPU limits by ${STEP_PERCENT}%`;
  if (truth?.limit_cores == null || truth.limit_cores === 0) return words;
  const raised = truth.limit_cores * (1 + STEP_PERCENT / 100);
  // A floating-point product may lie a hair above a whole step; that must not cost another step.
  const proposed = Math.ceil(raised / LIMIT_STEP_CORES - 1e-6) * LIMIT_STEP_CORES;
  return `${words}, from ${coresText(truth.limit_cores)} to ${coresText(proposed)}`;
}

/** Kernel and metrics side by side; null when neither said anything about usage. */
export function compare(truth: KernelTruth | null, lie: MetricsLie | null): MetricsComparison | null {
  const kernel = truth?.actual_cpu_cores ?? null;
  const metrics = lie?.reported_cpu_cores ?? null;
  if (kernel === null && metrics === null) return null;
  return {
    kernel_cpu_usage: kernel,
    metrics_cpu_usage: metrics,
    discrepancy_percent: discrepancy(kernel, metrics),
  };
}

const MOST_NEGATIVE = -1_000_000;

function discrepancy(kernel: number | null, metrics: number | null): number | null {
  if (kernel === null || metrics === null || kernel === 0) return null;
  return Math.max(MOST_NEGATIVE, Math.round(((kernel - metrics) / kernel) * 1000) / 10);
}
