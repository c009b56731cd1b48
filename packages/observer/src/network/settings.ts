import type { Measure } from './measures.ts';

/** When failures by one measure count as a symptom, and as over. */
export interface Threshold {
  /** A symptom begins at this share of failed attempts, in percent. */
  readonly enterPercent: number;
  /** It is over below this share, in percent; smaller than `enterPercent`. */
  readonly leavePercent: number;
  /** Windows are added up, for at most a minute, until they have this many attempts: one failure of one is no share. */
  readonly minAttempts: number;
}

export interface NetworkDetectorSettings {
  readonly thresholds: Readonly<Record<Measure, Threshold>>;
  /** A symptom is over after this long below `leavePercent`, in seconds. */
  readonly calmSeconds: number;
  /** While it lasts and does not get worse, it is told of this often, in seconds. */
  readonly summarySeconds: number;
}

export const NETWORK_DETECTOR_DEFAULTS: NetworkDetectorSettings = {
  thresholds: {
    // Throughput falls with the inverse root of the loss (Mathis et al., 1997): at 5 % a connection is down to a fraction.
    retransmits: { enterPercent: 5, leavePercent: 2, minAttempts: 50 },
    // More than the frames of STP (one in 2 s) and LLDP (one in 30 s) that a bridge sends to an idle pod in a minute.
    packets: { enterPercent: 5, leavePercent: 2, minAttempts: 100 },
    datagrams: { enterPercent: 5, leavePercent: 2, minAttempts: 50 },
    // Clients do end good connections with a reset, so a few say nothing.
    resets: { enterPercent: 20, leavePercent: 10, minAttempts: 20 },
    // One of two addresses of a name may be out of reach, and the other one serve (RFC 8305).
    outgoing: { enterPercent: 20, leavePercent: 10, minAttempts: 10 },
    // Every single one costs a client a second at least, the first time-out of a SYN (RFC 6298).
    incoming: { enterPercent: 5, leavePercent: 2, minAttempts: 20 },
  },
  calmSeconds: 30,
  summarySeconds: 60,
};

/** How often a pod's counters are read: reading them costs far more than reading a cgroup's, and TCP's time-outs take seconds. */
export const NETWORK_INTERVAL_MS = 10_000;
