import type { PodBirthCertificateSpec } from 'kernel-gossip-types';
import type { Birth, DatedEntry, KubernetesPart, TracedBirth } from './birth-parts.ts';
import { KUBERNETES_API } from './compose-certificate.ts';
import { isPartOfBirth } from './container-roles.ts';
import { datedEntries, gapsOf, tracedContainers } from './kernel-part.ts';
import { KUBERNETES_SOURCES } from './kubernetes-part.ts';
import { momentOf } from './moment.ts';

const isKubernetes = ({ entry }: DatedEntry): boolean => KUBERNETES_SOURCES.includes(entry.source);

/**
 * What a certificate says of a birth, taken apart again: the object is all the memory there is, so that any replica
 * can go on after a restart.
 */
export function birthOnCertificate(spec: PodBirthCertificateSpec): Birth {
  if (spec.began_at === null) return { kernel: { kind: 'told', spec }, kubernetes: null };
  const entries = datedEntries(spec.timeline ?? [], momentOf(spec.began_at));
  if (spec.containers !== null) {
    // Of what was made up or played again, nothing is Kubernetes' own.
    const own = spec.provenance === 'measured' ? entries.filter(isKubernetes) : [];
    const traced = tracedOn(
      spec,
      entries.filter((one) => !own.includes(one)),
    );
    return { kernel: traced, kubernetes: kubernetesOn(own, null) };
  }
  return spec.source?.name === KUBERNETES_API
    ? { kernel: null, kubernetes: kubernetesOn(entries, spec.source.node_name) }
    : { kernel: { kind: 'told', spec }, kubernetes: null };
}

const kubernetesOn = (entries: readonly DatedEntry[], nodeName: string | null): KubernetesPart => ({
  entries,
  containers: new Map(),
  expected: null,
  nodeName,
});

const tracedOn = (spec: PodBirthCertificateSpec, entries: readonly DatedEntry[]): TracedBirth => ({
  kind: 'traced',
  recordedAt: momentOf(spec.recorded_at),
  provenance: spec.provenance,
  source: spec.source ?? { name: 'webhook', node_name: null, cgroup: null },
  containers: tracedContainers(spec.containers ?? [], entries),
  gaps: gapsOf((spec.containers ?? []).filter(isPartOfBirth), {
    lostEvents: spec.kernel_stats.lost_events,
    incomplete: spec.incomplete,
  }),
});
