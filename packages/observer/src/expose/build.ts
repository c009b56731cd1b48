import type { Collector } from './family.ts';

/** What runs here, as Prometheus' exporters tell it: a figure that is always 1, with the version as a label. */
export const buildCollector =
  (version: string): Collector =>
  () => [
    {
      name: 'kernel_gossip_observer_build_info',
      help: 'The version of this observer; always 1.',
      type: 'gauge',
      samples: [{ labels: { version }, value: 1 }],
    },
  ];
