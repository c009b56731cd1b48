import type {
  ContainerBirth,
  ContainerRole,
  PodBirthCertificateSpec,
  Provenance,
  TimelineEntry,
} from 'kernel-gossip-types';
import type { Microseconds } from './moment.ts';

/** An entry of a timeline by its own moment, wherever the timeline's zero is. */
export interface DatedEntry {
  readonly at: Microseconds;
  readonly entry: Omit<TimelineEntry, 'timestamp_ms'>;
}

/** What the kernel's part says of one container, or, without a birth, of the pod. */
export interface TracedContainer {
  readonly birth: ContainerBirth | null;
  readonly entries: readonly DatedEntry[];
}

/** The kernel's part of a birth, from a source that tells containers apart. It only grows. */
export interface TracedBirth {
  readonly kind: 'traced';
  readonly recordedAt: Microseconds;
  readonly provenance: Provenance;
  readonly source: NonNullable<PodBirthCertificateSpec['source']>;
  /** By the container's id, and '' for the pod as a whole. */
  readonly containers: ReadonlyMap<string, TracedContainer>;
  /** What was missed, by the first container of those that were told together: of a restart, it is not the birth's. */
  readonly gaps: ReadonlyMap<string, Gap>;
}

/** What a source missed while births lasted. */
export interface Gap {
  readonly lostEvents: number | null;
  readonly incomplete: string | null;
}

/** A birth told as a whole, with totals: it stands as it was told, and a later one takes its place. */
export interface ToldBirth {
  readonly kind: 'told';
  readonly spec: PodBirthCertificateSpec;
}

export type KernelPart = TracedBirth | ToldBirth;

/** Who a container is, as Kubernetes says it. */
export interface NamedContainer {
  readonly name: string;
  readonly role: ContainerRole;
}

/** Kubernetes' part of a birth. */
export interface KubernetesPart {
  readonly entries: readonly DatedEntry[];
  /** By id. */
  readonly containers: ReadonlyMap<string, NamedContainer>;
  /** The containers that the pod has to have, by name; null where it is not known. */
  readonly expected: readonly string[] | null;
  readonly nodeName: string | null;
}

/** All that is known of a birth. */
export interface Birth {
  readonly kernel: KernelPart | null;
  readonly kubernetes: KubernetesPart | null;
}
