import type { PodBirthCertificateSpec, PodCreation } from 'kernel-gossip-types';
import type { Evidence } from './evidence.ts';

/**
 * The spec of a birth that was told as a whole: every figure stands as it was sent. Entries are put in the order of
 * their own times, which senders need not keep.
 */
export const toldSpec = (evidence: Evidence<PodCreation>): PodBirthCertificateSpec => {
  const { observation, pod } = evidence;
  return {
    pod_name: pod.name,
    namespace: pod.namespace,
    pod_uid: pod.uid,
    recorded_at: observation.timestamp,
    provenance: observation.provenance,
    source: { name: evidence.source, node_name: evidence.nodeName, cgroup: observation.cgroup },
    timeline: observation.timeline?.toSorted((a, b) => a.timestamp_ms - b.timestamp_ms) ?? null,
    kernel_stats: {
      total_syscalls: observation.total_syscalls,
      namespaces_created: observation.namespaces_created,
      cgroup_writes: observation.cgroup_writes,
      iptables_rules: observation.iptables_rules,
      total_duration_ms: observation.duration_ms,
      syscalls: observation.syscalls,
      syscall_counts: null,
      namespaces: null,
      cgroups_created: observation.cgroups_created,
      mounts: observation.mounts,
      network_links: observation.network_links,
      network_routes: observation.network_routes,
      lost_events: observation.lost_events,
    },
    began_at: observation.began_at,
    kernel_began_at: null,
    containers: observation.containers,
    incomplete: observation.incomplete,
  };
};
