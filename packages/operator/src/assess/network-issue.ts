import type { KernelWhisperSpec, NetworkSymptom, NetworkTruth } from 'kernel-gossip-types';
import { networkCause } from './network-cause.ts';
import { millisecondsText, percentText, secondsText } from './words.ts';
import type { Verdict } from './verdict.ts';

interface SymptomWords {
  readonly what: string;
  readonly unit: string;
  readonly advice: string;
}

const SYMPTOMS: Readonly<Record<NetworkSymptom, SymptomWords>> = {
  retransmits: {
    what: 'TCP retransmissions',
    unit: 'segments',
    advice: 'Look for loss on the path: node interfaces, the CNI, a saturated link',
  },
  drops: {
    what: 'packet drops',
    unit: 'packets',
    advice: "Look at the pod's and the node's interface queues, and at network policies that drop",
  },
  resets: {
    what: 'connection resets',
    unit: 'connections',
    advice: 'Look at the other end: crashed processes, idle time-outs, load balancers that cut connections',
  },
  dns_failures: {
    what: 'DNS failures',
    unit: 'look-ups',
    advice: "Look at the cluster's DNS pods, and at search domains that multiply look-ups (ndots)",
  },
  connection_failures: {
    what: 'connection failures',
    unit: 'connections',
    advice: 'Look whether the other end listens, and whether a network policy forbids the way',
  },
};

export const judgeNetworkIssue = (spec: KernelWhisperSpec): Verdict | null => {
  const { network } = spec;
  if (network === null) return null;
  const { what, advice } = SYMPTOMS[network.symptom];
  return {
    insight: `Pod experiencing ${what} at ${percentText(network.failure_percent)}`,
    kernelEvidence: evidence(network),
    recommendation: advice,
    cause: networkCause(spec, network),
  };
};

function evidence(network: NetworkTruth): string {
  const { what, unit } = SYMPTOMS[network.symptom];
  const counts =
    network.failed === null || network.attempted === null
      ? ''
      : ` (${network.failed} of ${network.attempted} ${unit})`;
  const window = network.window_seconds === null ? '' : ` in ${secondsText(network.window_seconds)}`;
  const remote = network.remote === null ? '' : `; other end ${network.remote}`;
  const latency = network.latency_ms === null ? '' : `; round trip ${millisecondsText(network.latency_ms)}`;
  return `Kernel shows ${percentText(network.failure_percent)} ${what}${counts}${window}${remote}${latency}`;
}
