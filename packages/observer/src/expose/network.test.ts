import { expect, it } from 'vitest';
import { identify } from '../identify/identify.ts';
import { COUNTERS, type Counters } from '../network/counters.ts';
import type { PodNetworkReading } from '../network/source.ts';
import { exposition } from './exposition.ts';
import { podNetworkCollector } from './network.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const path = `/kubepods/pod${UID}`;
const unread = Object.fromEntries(COUNTERS.map((name) => [name, null])) as Counters;
const direction = (bytes: number, drops: number) => ({ bytes, packets: 0, errors: 0, drops });
const reading: PodNetworkReading = {
  path,
  identity: identify(path),
  namespace: 1,
  atMs: 0,
  counters: { ...unread, TcpRetransSegs: 7 },
  interfaces: [{ name: 'eth0', received: direction(100, 2), sent: direction(300, 0) }],
};

it('gives the counters of interfaces and of TCP, and nothing that was not read', async () => {
  const text = exposition(await podNetworkCollector(() => [reading])());
  const labels = `id="${path}",pod_uid="${UID}"`;
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      `container_network_receive_bytes_total{${labels},interface="eth0"} 100`,
      `container_network_receive_packets_dropped_total{${labels},interface="eth0"} 2`,
      `container_network_transmit_bytes_total{${labels},interface="eth0"} 300`,
      `kernel_gossip_observer_pod_tcp_retransmitted_segments_total{${labels}} 7`,
    ]),
  );
  expect(text).not.toMatch(/^kernel_gossip_observer_pod_tcp_sent_segments_total\{/m);
});
