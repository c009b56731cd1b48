import type { OngoingObservation, Severity } from 'kernel-gossip-types';

/** Above this share something is critical, and above the lower one a warning; both as documented. */
export const CRITICAL_ABOVE_PERCENT = 80;
export const WARNING_ABOVE_PERCENT = 50;

export function severityOfPercent(percent: number): Severity {
  if (percent > CRITICAL_ABOVE_PERCENT) return 'critical';
  return percent > WARNING_ABOVE_PERCENT ? 'warning' : 'info';
}

/** The share by which an observation's severity is told; null where it has none. */
export function percentOf(observation: OngoingObservation): number | null {
  switch (observation.type) {
    case 'cpu_throttle':
      return observation.throttle_percentage;
    case 'memory_pressure':
      return observation.memory_usage_percentage ?? observation.stalled_percentage;
    case 'network_issue':
      return observation.failure_percentage;
  }
}

/** Whether the kernel killed a process of the container for want of memory. */
export const hasOomKill = (observation: OngoingObservation): boolean =>
  observation.type === 'memory_pressure' && (observation.oom_kills ?? 0) > 0;

/** How bad an observation is. A process killed for want of memory is critical, however much memory is in use afterwards. */
export const severityOf = (observation: OngoingObservation): Severity =>
  hasOomKill(observation) ? 'critical' : severityOfPercent(worstPercentOf(observation));

/** Memory may be far from its limit and yet be waited for most of the time. */
const worstPercentOf = (observation: OngoingObservation): number =>
  Math.max(
    percentOf(observation) ?? 0,
    observation.type === 'memory_pressure' ? (observation.stalled_percentage ?? 0) : 0,
  );
