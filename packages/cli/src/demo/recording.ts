const SUBJECT = {
  type: 'cpu_throttle',
  namespace: 'cgroup',
  pod_name: 'kernel-gossip-demo',
  cgroup: '/kernel-gossip-demo',
  source: 'kernel-gossip-observer',
} as const;

/**
 * What the observer sent about the demo's own load in a real run: 2 threads, 180 ms each, every 1.5 s, under 0.5 CPU, with
 * the limit lifted after 9 s. The figures are as they were sent; only times and provenance change when they are replayed.
 */
export const RECORDING = {
  recordedAt: '2026-11-21',
  kernel: 'Linux 6.18.44, cgroup version 1, 2 CPUs',
  began: {
    ...SUBJECT,
    period_seconds: 3.998722,
    throttle_percentage: 77.777778,
    actual_cpu_usage: 0.267671,
    limit_cores: 0.5,
    nr_periods: 27,
    nr_throttled: 21,
    throttled_seconds: 2.944419,
    ended: false,
  },
  ended: {
    ...SUBJECT,
    period_seconds: 1.000755,
    throttle_percentage: 0,
    actual_cpu_usage: 0.364424,
    nr_periods: 0,
    nr_throttled: 0,
    throttled_seconds: 0,
    ended: true,
  },
} as const;
