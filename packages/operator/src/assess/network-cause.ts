import type { Cause, CauseKind, KernelWhisperSpec, NetworkSymptom, NetworkTruth } from 'kernel-gossip-types';
import { causeOf, inWindow } from './cause.ts';
import { millisecondsText, percentText } from './words.ts';

const KINDS: Readonly<Record<NetworkSymptom, CauseKind>> = {
  retransmits: 'network_retransmits',
  drops: 'network_drops',
  resets: 'network_resets',
  connection_failures: 'network_connection_failures',
  dns_failures: 'dns_failures',
};

/** A network's trouble is told by its symptom. Where on the way it arises, one end's counters cannot tell. */
export const networkCause = (spec: KernelWhisperSpec, network: NetworkTruth): Cause =>
  causeOf(
    spec,
    KINDS[network.symptom],
    [
      `failure_percent: ${percentText(network.failure_percent)}${countsOf(network)}${inWindow(network.window_seconds)}`,
      network.latency_ms === null
        ? null
        : `latency_ms: ${millisecondsText(network.latency_ms)}, median${inWindow(network.window_seconds)}`,
    ],
    network.remote === null
      ? 'the same figures of the other end would tell where on the way it arises'
      : null,
  );

const countsOf = ({ failed, attempted }: NetworkTruth): string =>
  failed === null || attempted === null ? '' : ` (${failed} of ${attempted})`;
