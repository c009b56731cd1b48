import type { CauseKind, KernelTruth } from 'kernel-gossip-types';
import { cpusOf } from './cpu-cause.ts';
import { limitReadingOf } from './limit-reading.ts';
import { FEWEST_PERIODS, neededLimit, roundedUp } from './needed-limit.ts';
import { coresText } from './words.ts';

/** How much more to allow when nothing but the share of throttled periods is known. */
const STEP_PERCENT = 50;

/** How a runtime is told how many threads to run side by side. */
const THREADS_OF_RUNTIME: ReadonlyMap<string, string> = new Map([
  ['go', 'GOMAXPROCS'],
  ['jvm', '-XX:ActiveProcessorCount'],
  ['openmp', 'OMP_NUM_THREADS'],
  ['dotnet', 'DOTNET_PROCESSOR_COUNT'],
]);

/** What to do beside or instead of raising the limit, where the cause is known; `raise` says how to raise it. */
const ADVICE: Readonly<Partial<Record<CauseKind, (raise: string, truth: KernelTruth | null) => string>>> = {
  pod_quota: (raise) =>
    `${raise}. It is the limit of the pod as a whole: that of its spec.resources, or the sum of its containers' limits. If a container's limit was raised in place, look whether the pod's group got it too`,
  more_threads_than_quota: (raise, truth) => `${fewerThreads(truth)}; where they are needed: ${raise}`,
  node_contention: () =>
    'Raise the CPU request, which is its weight among the others of the node, or move the pod to a node with free CPUs. A higher limit would help little: it waits for a CPU, not for its quota',
  startup_only: (raise) =>
    `Let it start with more CPU and give that back afterwards, or leave it: only the start was held back. For good: ${raise}`,
  cpu_burst: (raise) => `${raise}. It needs that in bursts only, so its request may stay`,
};

/** What to do about throttling, by its cause. The words are the documented ones where no cause is known. */
export function cpuAdvice(truth: KernelTruth | null, cause: CauseKind): string {
  const raise = raiseLimit(truth);
  return ADVICE[cause]?.(raise, truth) ?? raise;
}

/** With counters, the first step of the search for the limit (docs/needed-limit.md); else the documented words. */
function raiseLimit(truth: KernelTruth | null): string {
  const words = `Consider increase CPU limits by ${STEP_PERCENT}%`;
  const limit = truth?.limit_cores ?? null;
  if (truth === null || limit === null || limit === 0) return words;
  const reading = limitReadingOf({ ...truth, usage_cores: truth.actual_cpu_cores });
  return reading === null || reading.nrThrottled === 0 || reading.nrPeriods < FEWEST_PERIODS
    ? `${words}, from ${coresText(limit)} to ${coresText(roundedUp(limit * (1 + STEP_PERCENT / 100)))}`
    : `Raise the CPU limit from ${coresText(limit)} to ${coresText(neededLimit(reading, 0))}, then measure again`;
}

function fewerThreads(truth: KernelTruth | null): string {
  const cpus = (truth && cpusOf(truth)) ?? 1;
  const setting = THREADS_OF_RUNTIME.get(truth?.runtime ?? '') ?? null;
  const many = `${cpus} thread${cpus === 1 ? '' : 's'}`;
  return setting === null
    ? `Let no more than ${many} run side by side: set the number of its workers or the size of its thread pools (GOMAXPROCS, -XX:ActiveProcessorCount, OMP_NUM_THREADS, UV_THREADPOOL_SIZE)`
    : `Let no more than ${many} run side by side: set ${setting}=${cpus} (${truth?.runtime ?? ''})`;
}
