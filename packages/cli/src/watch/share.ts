import type { KernelWhisper } from 'kernel-gossip-types';

/** The percentage that tells how bad a whisper is, of its last window; null where it was not measured. */
export function shareOf({ spec }: KernelWhisper): number | null {
  if (spec.ended_at !== null) return spec.ended_percent;
  switch (spec.kind) {
    case 'cpu_throttle':
      return spec.throttled_percent;
    case 'memory_pressure':
      return spec.memory?.usage_percent ?? null;
    case 'network_issue':
      return spec.network?.failure_percent ?? null;
  }
}
