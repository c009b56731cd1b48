import type { NetworkSymptom } from 'kernel-gossip-types';
import type { Tally } from './tally.ts';
import type { NetworkWindow, Traffic } from './window.ts';

/**
 * What is measured of a namespace. Each has its own attempts and failures, and shows as one symptom:
 *
 * - `retransmits`: TCP segments sent again, of all segments sent. `OutSegs` leaves retransmitted segments out (RFC 4022;
 *   `__tcp_transmit_skb` in net/ipv4/tcp_output.c), so attempted = OutSegs + RetransSegs. A SYN-ACK sent again is in both
 *   (`tcp_make_synack`): the share may be told too low, never too high.
 * - `packets`: packets that interfaces dropped, in both directions. `lo` is left out. A received packet that is dropped is
 *   also counted as received, one that is dropped on its way out is not counted as sent (include/uapi/linux/if_link.h).
 *   Frames of protocols that nobody in the pod speaks, such as STP and LLDP, count as dropped.
 * - `datagrams`: UDP datagrams over IPv4 that were not taken, mostly for want of socket buffer, of all that came for an open
 *   port: InErrors of InDatagrams + InErrors (RFC 4113).
 * - `resets`: connections that went from established to closed at once, of those that were established at the beginning or
 *   opened since. `EstabResets` also counts what the pod's own processes cut off, by closing with unread data or with
 *   SO_LINGER 0 (`__tcp_close` in net/ipv4/tcp.c); that is taken off. It may be taken off twice: told too low, never too high.
 * - `outgoing`: connections that the pod tried to open and could not, of those that it tried. `AttemptFails` also counts
 *   half-open connections that the other end reset, as probes of load balancers do (`tcp_check_req` in
 *   net/ipv4/tcp_minisocks.c); these are `EmbryonicRsts`, and are taken off. An attempt that nobody answers fails only after
 *   some two minutes (tcp_syn_retries), in a later window than it began in.
 * - `incoming`: requests for a connection that the pod's kernel dropped, as a full accept queue makes it do, of those that
 *   came: ListenDrops of PassiveOpens + ListenDrops. Each repetition of a dropped request counts anew.
 *
 * Not measured: DNS. No counter tells a look-up from any other datagram, nor a time-out from silence.
 */
export const MEASURES = ['retransmits', 'packets', 'datagrams', 'resets', 'outgoing', 'incoming'] as const;
export type Measure = (typeof MEASURES)[number];

export const SYMPTOM_OF: Readonly<Record<Measure, NetworkSymptom>> = {
  retransmits: 'retransmits',
  packets: 'drops',
  datagrams: 'drops',
  resets: 'resets',
  outgoing: 'connection_failures',
  incoming: 'connection_failures',
};

type Attempts = Omit<Tally, 'seconds'>;

/** Null as soon as one of the figures is. */
const sum = (...figures: readonly (number | null)[]): number | null =>
  figures.reduce((total, figure) => (total === null || figure === null ? null : total + figure), 0);

/** What is left of a counter without that which others count of it. They are read one after the other, so never below 0. */
const without = (counter: number | null, ...others: readonly (number | null)[]): number | null => {
  const taken = sum(...others);
  return counter === null || taken === null ? null : Math.max(0, counter - taken);
};

const attempts = (
  failed: number | null,
  begun: number | null,
  standing: number | null = 0,
): Attempts | null =>
  failed === null || begun === null || standing === null ? null : { failed, begun, standing };

/** Drivers that leave dropped packets out of the received ones must not make the drops more than the packets. */
const arrived = ({ packets, drops }: Traffic): number => Math.max(packets, drops);

const packetsOf = ({ received, sent }: NetworkWindow): Attempts | null =>
  received === null || sent === null
    ? null
    : attempts(received.drops + sent.drops, arrived(received) + sent.packets + sent.drops);

function attemptsOf(measure: Measure, window: NetworkWindow): Attempts | null {
  const { grown, established } = window;
  switch (measure) {
    case 'retransmits':
      return attempts(grown.TcpRetransSegs, sum(grown.TcpOutSegs, grown.TcpRetransSegs));
    case 'packets':
      return packetsOf(window);
    case 'datagrams':
      return attempts(grown.UdpInErrors, sum(grown.UdpInDatagrams, grown.UdpInErrors));
    case 'resets':
      return attempts(
        without(grown.TcpEstabResets, grown.TcpExtTCPAbortOnClose, grown.TcpExtTCPAbortOnData),
        sum(grown.TcpActiveOpens, grown.TcpPassiveOpens),
        established,
      );
    case 'outgoing':
      return attempts(without(grown.TcpAttemptFails, grown.TcpExtEmbryonicRsts), grown.TcpActiveOpens);
    case 'incoming':
      return attempts(grown.TcpExtListenDrops, sum(grown.TcpPassiveOpens, grown.TcpExtListenDrops));
  }
}

/** What a window says by a measure; null where that was not measured. Pure. */
export function tallyOf(measure: Measure, window: NetworkWindow): Tally | null {
  const found = attemptsOf(measure, window);
  return found === null ? null : { ...found, seconds: window.seconds };
}
