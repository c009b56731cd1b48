import type { BirthsStats } from '../births/source.ts';
import { single, type Collector } from './family.ts';

const PREFIX = 'kernel_gossip_observer';
const NS_PER_SECOND = 1e9;

/** What is seen of the births of containers, and what was lost of it. */
export const birthsCollector =
  (stats: () => BirthsStats): Collector =>
  () => {
    const { tracer, open, complete, incomplete, told, lostEvents, runNs } = stats();
    const kernelSeconds = runNs === null ? null : runNs / NS_PER_SECOND;
    return [
      ...single(
        'gauge',
        `${PREFIX}_tracing`,
        '1 while births are traced.',
        tracer.phase === 'running' ? 1 : 0,
      ),
      ...single(
        'counter',
        `${PREFIX}_tracer_restarts_total`,
        'How often the tracer was started again.',
        tracer.restarts,
      ),
      ...single('gauge', `${PREFIX}_open_births`, 'Births that began and are not complete.', open),
      {
        name: `${PREFIX}_births_total`,
        help: 'Births of containers that were seen to their end, by whether figures are missing.',
        type: 'counter',
        samples: [
          { labels: { missing: 'false' }, value: complete - incomplete },
          { labels: { missing: 'true' }, value: incomplete },
        ],
      },
      ...single('counter', `${PREFIX}_births_told_total`, 'Observations of births.', told),
      ...single('counter', `${PREFIX}_lost_events_total`, 'Events that the tracer lost.', lostEvents),
      ...single(
        'counter',
        `${PREFIX}_ebpf_seconds_total`,
        'Time the kernel spent in our programs.',
        kernelSeconds,
      ),
    ];
  };
