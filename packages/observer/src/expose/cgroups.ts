import type { SamplerStats } from '../watch/sampler.ts';
import { single, type Collector } from './family.ts';

const PREFIX = 'kernel_gossip_observer';

/** What there is to look at, and what a look takes. */
export const cgroupsCollector =
  (stats: () => SamplerStats): Collector =>
  () => {
    const { groups, files, sweeps, lastSweepMs, cpu, memory } = stats();
    const unreadable = cpu.unreadable + (memory?.unreadable ?? 0);
    return [
      ...single('gauge', `${PREFIX}_cgroups`, 'Groups that are watched.', groups),
      ...single('gauge', `${PREFIX}_open_files`, 'Files of groups that are kept open.', files),
      ...single(
        'gauge',
        `${PREFIX}_unreadable_files`,
        'Files of groups that the last sweep could not read.',
        unreadable,
      ),
      ...single('counter', `${PREFIX}_sweeps_total`, 'Sweeps over all groups.', sweeps),
      ...single(
        'gauge',
        `${PREFIX}_last_sweep_seconds`,
        'Time that the last sweep took.',
        lastSweepMs / 1000,
      ),
    ];
  };
