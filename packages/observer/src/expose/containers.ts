import { setImmediate as pause } from 'node:timers/promises';
import type { ContainerReading } from '../watch/reading.ts';
import type { Collector, Family, Sample } from './family.ts';

interface Column {
  readonly name: string;
  readonly type: Family['type'];
  readonly help: string;
  readonly read: (reading: ContainerReading) => number | null;
}

/** Names, units and meanings are cAdvisor's (docs/storage/prometheus.md there), since dashboards know them. */
const COLUMNS: readonly Column[] = [
  {
    name: 'container_cpu_usage_seconds_total',
    type: 'counter',
    help: 'CPU time used.',
    read: ({ cpu }) => cpu.usageSeconds,
  },
  {
    name: 'container_cpu_cfs_periods_total',
    type: 'counter',
    help: 'Periods of the CPU quota with activity.',
    read: ({ cpu }) => cpu.nrPeriods,
  },
  {
    name: 'container_cpu_cfs_throttled_periods_total',
    type: 'counter',
    help: 'Periods in which the CPU quota ran out.',
    read: ({ cpu }) => cpu.nrThrottled,
  },
  {
    name: 'container_cpu_cfs_throttled_seconds_total',
    type: 'counter',
    help: 'Run time withheld, summed over CPUs.',
    read: ({ cpu }) => cpu.throttledSeconds,
  },
  {
    name: 'container_spec_cpu_quota',
    type: 'gauge',
    help: 'CPU quota in microseconds per period; no sample without a limit.',
    read: ({ cpu }) => cpu.quotaUs,
  },
  {
    name: 'container_spec_cpu_period',
    type: 'gauge',
    help: 'Period of the CPU quota in microseconds.',
    read: ({ cpu }) => cpu.periodUs,
  },
  {
    name: 'container_memory_usage_bytes',
    type: 'gauge',
    help: 'Memory in use, with the page cache.',
    read: ({ memory }) => memory.usageBytes,
  },
  {
    name: 'container_memory_working_set_bytes',
    type: 'gauge',
    help: 'Memory in use without inactive file pages.',
    read: ({ memory }) => memory.workingSetBytes,
  },
  {
    name: 'container_memory_failcnt',
    type: 'counter',
    help: 'How often memory in use met its limit.',
    read: ({ memory }) => memory.limitHits,
  },
  {
    name: 'container_spec_memory_limit_bytes',
    type: 'gauge',
    help: 'Memory limit; no sample without a limit.',
    read: ({ memory }) => memory.limitBytes,
  },
  {
    name: 'container_oom_events_total',
    type: 'counter',
    help: 'Processes killed for want of memory.',
    read: ({ memory }) => memory.oomKills,
  },
  {
    name: 'container_pressure_cpu_waiting_seconds_total',
    type: 'counter',
    help: 'Time in which some task waited for a CPU.',
    read: ({ cpu }) => cpu.pressure.someSeconds,
  },
  {
    name: 'container_pressure_cpu_stalled_seconds_total',
    type: 'counter',
    help: 'Time in which all tasks waited for a CPU.',
    read: ({ cpu }) => cpu.pressure.fullSeconds,
  },
  {
    name: 'container_pressure_memory_waiting_seconds_total',
    type: 'counter',
    help: 'Time in which some task waited for memory.',
    read: ({ memory }) => memory.pressure.someSeconds,
  },
  {
    name: 'container_pressure_memory_stalled_seconds_total',
    type: 'counter',
    help: 'Time in which all tasks waited for memory.',
    read: ({ memory }) => memory.pressure.fullSeconds,
  },
  {
    name: 'container_pressure_io_waiting_seconds_total',
    type: 'counter',
    help: 'Time in which some task waited for a disk.',
    read: ({ ioPressure }) => ioPressure.someSeconds,
  },
  {
    name: 'container_pressure_io_stalled_seconds_total',
    type: 'counter',
    help: 'Time in which all tasks waited for a disk.',
    read: ({ ioPressure }) => ioPressure.fullSeconds,
  },
  {
    name: 'container_threads',
    type: 'gauge',
    help: 'Tasks of the group; each thread is one.',
    read: ({ pids }) => pids.current,
  },
];

/** Reading a group takes some 20 files; sampling must not wait for more than these. */
const READ_AT_ONCE = 10;

/**
 * What is counted about every group, under the names that dashboards know. Labels are the group's path, and the pod's UID and
 * the container's id where the path has them; names are known to the operator only.
 */
export const containerCollector =
  (snapshot: () => Iterable<ContainerReading>): Collector =>
  async () => {
    const samples = COLUMNS.map((): Sample[] => []);
    let read = 0;
    for (const reading of snapshot()) {
      const labels = labelsOf(reading);
      COLUMNS.forEach((column, index) => {
        const value = column.read(reading);
        if (value !== null) samples[index]?.push({ labels, value });
      });
      read += 1;
      if (read % READ_AT_ONCE === 0) await pause();
    }
    return COLUMNS.map(({ name, type, help }, index) => ({
      name,
      type,
      help,
      samples: samples[index] ?? [],
    }));
  };

const labelsOf = ({ path, podUid, containerId }: ContainerReading): Sample['labels'] => ({
  id: path,
  ...(podUid === null ? {} : { pod_uid: podUid }),
  ...(containerId === null ? {} : { container_id: containerId }),
});
