import type { CauseKind, FindingKind, Phase, Provenance, RemedyPhase } from 'kernel-gossip-types';

export const KIND_WORDS: Readonly<Record<FindingKind, string>> = {
  cpu_throttle: 'CPU throttling',
  memory_pressure: 'Memory pressure',
  network_issue: 'Network trouble',
};

/** What a whisper is while the controllers have not looked at it yet. */
export type ShownPhase = Phase | 'Pending';

/** What a finding says about itself when it was not measured where and when it says. Null for a measured one. */
export const provenanceNote = (provenance: Provenance): string | null =>
  ({
    measured: null,
    synthetic: 'Made up to try things out; not measured.',
    replayed: 'A recording played again; not measured now.',
  })[provenance];

/** Each cause in a few words; its evidence stands on the whisper. */
export const CAUSE_WORDS: Readonly<Record<CauseKind, string>> = {
  limit_below_demand: 'the CPU limit is below what it needs',
  more_threads_than_quota: 'more threads run at the same time than the limit has cores',
  pod_quota: "the quota of the pod as a whole runs out, not a container's",
  ancestor_quota: 'a quota above the pod runs out',
  node_contention: 'the node has too little CPU for all that runs on it',
  startup_only: 'only its start was throttled',
  cpu_burst: 'short bursts use up the quota; its mean lies below the limit',
  memory_limit_near: 'memory in use comes near the limit',
  memory_reclaim: 'tasks wait while the kernel takes memory back',
  child_oom_killed: 'a process was killed for want of memory, and the container went on',
  network_retransmits: 'TCP segments had to be sent again',
  network_drops: 'packets were dropped',
  network_resets: 'TCP connections were reset',
  network_connection_failures: 'connections could not be made',
  dns_failures: 'names could not be resolved',
  unknown: 'what was measured does not tell',
};

/** Where a remedy stands, in a few words. */
export const REMEDY_WORDS: Readonly<Record<RemedyPhase, string>> = {
  Proposed: 'shown, not sent',
  Refused: 'not made',
  Waiting: 'allowed; not sent yet',
  Applying: 'sent, or about to be',
  Measuring: 'in force; the kernel is asked whether it helps',
  Proven: 'in force; what the kernel counted meets the proof',
  TakingBack: 'the old limits are being put back',
  TakenBack: 'the old limits are back',
  SteppedBack: 'nothing more is done for now; the limits stay as they are',
  LeftAlone: 'it used all that it was given, up to the highest limit tried; the old limits are back',
};
