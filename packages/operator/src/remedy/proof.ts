import type { KernelReading } from 'kernel-gossip-types';

/** Run time withheld per second, in seconds; null where it was not measured. */
export const withheldPerSecond = ({ throttled_seconds, window_seconds }: KernelReading): number | null =>
  throttled_seconds === null || window_seconds <= 0 ? null : throttled_seconds / window_seconds;

/** As much work as before, give or take what any load varies by within some seconds. */
const COMPARABLE = 0.75;

/**
 * Whether the container works as much as before. A container that does less is throttled less whatever its limit, which
 * proves nothing; null where that was not measured.
 */
export function isComparable(before: KernelReading, after: KernelReading): boolean | null {
  if (before.usage_cores === null || after.usage_cores === null) return null;
  return after.usage_cores >= COMPARABLE * before.usage_cores;
}

const MOST_NEGATIVE = -1_000_000;

/** By how much the time withheld per second fell, in percent; null where it cannot be told. */
export function improvementPercent(before: KernelReading, after: KernelReading): number | null {
  const [was, is] = [withheldPerSecond(before), withheldPerSecond(after)];
  if (was === null || is === null || was === 0 || isComparable(before, after) !== true) return null;
  return Math.max(MOST_NEGATIVE, Math.round((1 - is / was) * 1000) / 10);
}

/** A quota is whole microseconds in a period: the share of a core that rounding may cost. */
const QUOTA_GRAIN = 0.0005;

/**
 * Whether a limit is in force where the kernel enforces it: in the container's own cgroup, and in the pod's, whose
 * quota holds back everything in it. Null where one of them was not measured.
 */
export function isInForce(
  limitCores: number,
  podCores: number | null,
  { container, pod }: { readonly container: KernelReading | null; readonly pod: KernelReading | null },
): boolean | null {
  if (container === null || pod === null) return null;
  const own = container.limit_cores;
  if (own === null || Math.abs(own - limitCores) > Math.max(QUOTA_GRAIN, 0.01 * limitCores)) return false;
  // Without a quota of its own, which is so where one of its containers has no limit, the pod holds nothing back.
  return pod.limit_cores === null || pod.limit_cores >= (podCores ?? limitCores) - QUOTA_GRAIN;
}
