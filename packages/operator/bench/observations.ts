/** One observation as an observer sends it, about one of so many pods. */
export const observation = (pod: number): Record<string, unknown> => ({
  type: 'cpu_throttle',
  pod_name: `web-${pod}`,
  namespace: `shop-${pod % 50}`,
  container_name: 'app',
  throttle_percentage: 85.5,
  actual_cpu_usage: 0.98,
  reported_cpu_usage: 0.35,
  period_seconds: 60,
  nr_periods: 600,
  nr_throttled: 513,
  throttled_seconds: 40.5,
  limit_cores: 1,
  timestamp: new Date().toISOString(),
});

export const observations = (count: number, pods: number): readonly Record<string, unknown>[] =>
  Array.from({ length: count }, (_, at) => observation(at % pods));
