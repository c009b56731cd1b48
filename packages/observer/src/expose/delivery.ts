import type { DeliveryStats } from '../deliver/delivery.ts';
import { single, type Collector, type Family } from './family.ts';

const PREFIX = 'kernel_gossip_observer';

/** Where observations are on their way to the operator. */
export const deliveryCollector =
  (stats: () => DeliveryStats): Collector =>
  () => {
    const { waiting, delivered, rejected, dropped, batches, failures, spool } = stats();
    const outcomes: Family = {
      name: `${PREFIX}_observations_total`,
      help: 'Observations by what became of them: delivered, rejected by the operator, or dropped for want of room.',
      type: 'counter',
      samples: Object.entries({ delivered, rejected, dropped }).map(([result, value]) => ({
        labels: { result },
        value,
      })),
    };
    return [
      outcomes,
      ...single(
        'counter',
        `${PREFIX}_batches_total`,
        'Requests that the operator answered for good.',
        batches,
      ),
      ...single('gauge', `${PREFIX}_queue_observations`, 'Observations that wait in memory.', waiting),
      ...single(
        'gauge',
        `${PREFIX}_delivery_failures`,
        'Failed posts in a row; 0 while the operator answers.',
        failures,
      ),
      ...(spool === null ? [] : spoolFamilies(spool)),
    ];
  };

const spoolFamilies = ({
  observations,
  bytes,
  unreadable,
  failure,
}: NonNullable<DeliveryStats['spool']>): readonly Family[] => [
  ...single('gauge', `${PREFIX}_spool_observations`, 'Observations that wait on disk.', observations),
  ...single('gauge', `${PREFIX}_spool_bytes`, 'What they take on disk.', bytes),
  ...single(
    'counter',
    `${PREFIX}_spool_unreadable_total`,
    'Observations that could not be read again from disk.',
    unreadable,
  ),
  ...single(
    'gauge',
    `${PREFIX}_spool_writable`,
    '1 while the spool can be written.',
    failure === null ? 1 : 0,
  ),
];
