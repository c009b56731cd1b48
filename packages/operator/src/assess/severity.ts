import {
  SEVERITIES,
  type CpuThrottle,
  type NetworkSymptom,
  type OngoingObservation,
  type Severity,
} from 'kernel-gossip-types';

/** Above which share something is critical, and above which one a warning; in percent. */
export interface SeverityBounds {
  readonly criticalAbove: number;
  readonly warningAbove: number;
}

/** Throttled periods, as documented, and memory in use, as a share of the limit. */
export const SHARE_BOUNDS: SeverityBounds = { criticalAbove: 80, warningAbove: 50 };

/** Time in which tasks waited for memory: half of it makes the work take twice as long. Observers begin at 10 %. */
export const STALL_BOUNDS: SeverityBounds = { criticalAbove: 50, warningAbove: 10 };

/** Failed attempts; why each is where it is stands in docs/decisions/0024-severity-by-kind.md. */
export const NETWORK_BOUNDS: Readonly<Record<NetworkSymptom, SeverityBounds>> = {
  retransmits: { criticalAbove: 10, warningAbove: 1 },
  drops: { criticalAbove: 10, warningAbove: 1 },
  dns_failures: { criticalAbove: 10, warningAbove: 1 },
  // One of two addresses of a name may be out of reach, and the other one serve (RFC 8305).
  connection_failures: { criticalAbove: 50, warningAbove: 5 },
  // Clients do end good connections with a reset.
  resets: { criticalAbove: 50, warningAbove: 20 },
};

/** Run time withheld per second below which throttling harms nobody, however many of a few periods it was in. */
const HARMLESS_SHARE = 0.01;

export function severityOfPercent(
  percent: number,
  { criticalAbove, warningAbove }: SeverityBounds,
): Severity {
  if (percent > criticalAbove) return 'critical';
  return percent > warningAbove ? 'warning' : 'info';
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
export function severityOf(observation: OngoingObservation): Severity {
  switch (observation.type) {
    case 'cpu_throttle':
      return isHarmless(observation)
        ? 'info'
        : severityOfPercent(observation.throttle_percentage, SHARE_BOUNDS);
    case 'memory_pressure':
      return hasOomKill(observation)
        ? 'critical'
        : worse(
            severityOfPercent(observation.memory_usage_percentage ?? 0, SHARE_BOUNDS),
            severityOfPercent(observation.stalled_percentage ?? 0, STALL_BOUNDS),
          );
    case 'network_issue':
      return severityOfPercent(observation.failure_percentage, NETWORK_BOUNDS[observation.symptom]);
  }
}

/** Only what was measured excuses: without the time withheld, the share of periods alone decides. */
const isHarmless = ({ throttled_seconds, period_seconds }: CpuThrottle): boolean =>
  throttled_seconds !== null &&
  period_seconds !== null &&
  throttled_seconds < HARMLESS_SHARE * period_seconds;

/** Memory may be far from its limit and yet be waited for most of the time. */
const worse = (one: Severity, other: Severity): Severity =>
  SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other) ? one : other;
