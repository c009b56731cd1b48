import { single, type Collector } from './family.ts';

/** What this process takes, under the names that Prometheus' client libraries have for it. */
export const processCollector: Collector = () => {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  return [
    ...single(
      'counter',
      'process_cpu_seconds_total',
      'CPU time used, in user mode and in the kernel.',
      cpuSeconds,
    ),
    ...single('gauge', 'process_resident_memory_bytes', 'Memory that is in RAM.', process.memoryUsage.rss()),
    ...single('gauge', 'process_start_time_seconds', 'Start, in Unix time.', performance.timeOrigin / 1000),
  ];
};
