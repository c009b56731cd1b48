import type { KernelTruth, KernelWhisperSpec, Severity } from 'kernel-gossip-types';
import { cpuAdvice } from './cpu-advice.ts';
import { cpuCause } from './cpu-cause.ts';
import { percentText, secondsText } from './words.ts';
import type { Verdict } from './verdict.ts';

const DEGREE: Readonly<Record<Severity, string>> = { critical: 'high', warning: 'moderate', info: 'low' };

export const judgeCpuThrottle = (spec: KernelWhisperSpec): Verdict => {
  const percent = spec.throttled_percent ?? 0;
  const cause = cpuCause(spec);
  return {
    insight: `Pod experiencing ${DEGREE[spec.severity]} CPU throttling at ${percentText(percent)}`,
    kernelEvidence: evidence(percent, spec.kernel_truth),
    recommendation: cpuAdvice(spec.kernel_truth, cause.kind),
    cause,
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
