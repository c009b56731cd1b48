import type { CauseKind } from '../resource/index.ts';

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
