import type {
  CpuThrottle,
  KernelTruth,
  KernelWhisperSpec,
  MemoryPressure,
  MemoryTruth,
  MetricsLie,
  NetworkIssue,
  NetworkTruth,
  OngoingObservation,
} from 'kernel-gossip-types';
import { hasOomKill, percentOf, severityOf } from '../assess/severity.ts';
import type { Evidence } from './evidence.ts';

/** Whether a source says that what it reported before is over: in words, or by measuring none of it. */
export const saysEnded = (observation: OngoingObservation): boolean =>
  observation.ended || (percentOf(observation) === 0 && !hasOomKill(observation));

/**
 * The spec of a whisper after one more piece of evidence. `before` is what it was, null when there was none.
 *
 * The end of an episode keeps the figures of the episode, so that its verdict can still be recomputed,
 * and notes beside them what was measured when it ended.
 */
export function nextSpec(
  before: KernelWhisperSpec | null,
  evidence: Evidence<OngoingObservation>,
): KernelWhisperSpec | null {
  const { observation } = evidence;
  if (saysEnded(observation)) {
    if (before?.ended_at !== null) return before;
    return { ...before, ended_at: observation.timestamp, ended_percent: percentOf(observation) };
  }
  const continues = before !== null && before.ended_at === null;
  const episodeKills = killsOf(observation, continues ? before : null);
  return {
    pod_name: evidence.pod.name,
    namespace: evidence.pod.namespace,
    container_name: evidence.container,
    pod_uid: evidence.pod.uid,
    workload: evidence.pod.workload,
    container_id: observation.container_id,
    kind: observation.type,
    severity: (episodeKills ?? 0) > 0 ? 'critical' : severityOf(observation),
    measured_at: observation.timestamp,
    detected_at: continues ? before.detected_at : observation.timestamp,
    ended_at: null,
    ended_percent: null,
    provenance: observation.provenance,
    source: { name: evidence.source, node_name: evidence.nodeName, cgroup: observation.cgroup },
    ...figures(observation, episodeKills),
  };
}

type Figures = Pick<
  KernelWhisperSpec,
  'throttled_percent' | 'kernel_truth' | 'metrics_lie' | 'memory' | 'network'
>;
const NO_FIGURES: Figures = {
  throttled_percent: null,
  kernel_truth: null,
  metrics_lie: null,
  memory: null,
  network: null,
};

/** A later summary that saw no kill does not undo the earlier ones. Null where nobody looked for any. */
function killsOf(observation: OngoingObservation, before: KernelWhisperSpec | null): number | null {
  if (observation.type !== 'memory_pressure') return null;
  const earlier = before?.memory?.episode_oom_kills ?? null;
  const { oom_kills } = observation;
  return earlier === null || oom_kills === null ? (earlier ?? oom_kills) : earlier + oom_kills;
}

function figures(observation: OngoingObservation, episodeKills: number | null): Figures {
  switch (observation.type) {
    case 'cpu_throttle':
      return {
        ...NO_FIGURES,
        throttled_percent: observation.throttle_percentage,
        kernel_truth: kernelTruth(observation),
        metrics_lie: cpuClaim(observation),
      };
    case 'memory_pressure':
      return {
        ...NO_FIGURES,
        memory: memoryTruth(observation, episodeKills),
        metrics_lie: memoryClaim(observation),
      };
    case 'network_issue':
      return { ...NO_FIGURES, network: networkTruth(observation) };
  }
}

const kernelTruth = (observation: CpuThrottle): KernelTruth => ({
  throttled_percent: observation.throttle_percentage,
  actual_cpu_cores: observation.actual_cpu_usage,
  limit_cores: observation.limit_cores,
  nr_periods: observation.nr_periods,
  nr_throttled: observation.nr_throttled,
  throttled_seconds: observation.throttled_seconds,
  threads: observation.threads,
  runnable_threads: observation.runnable_threads,
  runtime: observation.runtime,
  cpu_pressure_percent: observation.cpu_pressure_percentage,
  age_seconds: observation.age_seconds,
  window_seconds: observation.period_seconds,
});

const cpuClaim = ({ reported_cpu_usage, source }: CpuThrottle): MetricsLie | null =>
  reported_cpu_usage === null
    ? null
    : { reported_cpu_cores: reported_cpu_usage, reported_memory_bytes: null, source };

const memoryTruth = (observation: MemoryPressure, episodeKills: number | null): MemoryTruth => ({
  usage_percent: observation.memory_usage_percentage,
  usage_bytes: observation.memory_usage_bytes,
  limit_bytes: observation.memory_limit_bytes,
  stalled_percent: observation.stalled_percentage,
  oom_kills: observation.oom_kills,
  episode_oom_kills: episodeKills,
  window_seconds: observation.period_seconds,
});

const memoryClaim = ({ reported_memory_bytes, source }: MemoryPressure): MetricsLie | null =>
  reported_memory_bytes === null ? null : { reported_cpu_cores: null, reported_memory_bytes, source };

const networkTruth = (observation: NetworkIssue): NetworkTruth => ({
  symptom: observation.symptom,
  failure_percent: observation.failure_percentage,
  failed: observation.failed,
  attempted: observation.attempted,
  latency_ms: observation.latency_ms,
  remote: observation.remote,
  window_seconds: observation.period_seconds,
});
