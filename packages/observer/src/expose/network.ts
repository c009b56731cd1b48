import type { Direction, InterfaceCounters } from '../network/interfaces.ts';
import type { NetworkSourceStats, PodNetworkReading } from '../network/source.ts';
import { single, type Collector, type Family, type Sample } from './family.ts';

const PREFIX = 'kernel_gossip_observer';

/** Whose network is looked at, and whose is not. */
export const networkCollector =
  (stats: () => NetworkSourceStats): Collector =>
  () => {
    const { sampled, hostNetwork, unread } = stats();
    return [
      {
        name: `${PREFIX}_network_pods`,
        help: "Pods by whether their network is read; one on the node's own network has none to itself.",
        type: 'gauge',
        samples: [
          { labels: { state: 'read' }, value: sampled },
          { labels: { state: 'host' }, value: hostNetwork },
          { labels: { state: 'unread' }, value: unread },
        ],
      },
      ...single(
        'gauge',
        `${PREFIX}_network_troubled_pods`,
        'Pods of which trouble is told.',
        stats().troubled,
      ),
    ];
  };

const DIRECTIONS: readonly (readonly [string, (counters: InterfaceCounters) => Direction])[] = [
  ['receive', ({ received }) => received],
  ['transmit', ({ sent }) => sent],
];
const COLUMNS: readonly (readonly [string, (direction: Direction) => number])[] = [
  ['bytes', ({ bytes }) => bytes],
  ['packets', ({ packets }) => packets],
  ['errors', ({ errors }) => errors],
  ['packets_dropped', ({ drops }) => drops],
];

const TCP = [
  ['sent', 'OutSegs'],
  ['retransmitted', 'RetransSegs'],
] as const;

const labelsOf = ({ path, identity: { podUid } }: PodNetworkReading): Sample['labels'] => ({
  id: path,
  ...(podUid === null ? {} : { pod_uid: podUid }),
});

/**
 * What was counted about each pod's network when it was last read: the interfaces under cAdvisor's names, and TCP's segments
 * that were sent and sent again, which cAdvisor does not give by default.
 */
export const podNetworkCollector =
  (snapshot: () => Iterable<PodNetworkReading>): Collector =>
  () => {
    const readings = [...snapshot()];
    const ofInterfaces = DIRECTIONS.flatMap(([direction, side]) =>
      COLUMNS.map(([unit, value]): Family => ({
        name: `container_network_${direction}_${unit}_total`,
        help: `Counted by the pod's interfaces: ${unit.replace('_', ' ')}, ${direction}.`,
        type: 'counter',
        samples: readings.flatMap((reading) =>
          reading.interfaces.map((one) => ({
            labels: { ...labelsOf(reading), interface: one.name },
            value: value(side(one)),
          })),
        ),
      })),
    );
    const ofTcp = TCP.map(([name, column]): Family => ({
      name: `${PREFIX}_pod_tcp_${name}_segments_total`,
      help: `${column} of the pod's network namespace (RFC 4022).`,
      type: 'counter',
      samples: readings.flatMap((reading) => {
        const value = reading.counters[`Tcp${column}`];
        return value === null ? [] : [{ labels: labelsOf(reading), value }];
      }),
    }));
    return [...ofInterfaces, ...ofTcp];
  };
