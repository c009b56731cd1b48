import type { FindingKind, Phase, Provenance } from 'kernel-gossip-types';

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
