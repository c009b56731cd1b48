import { Gauge, type Registry } from 'prom-client';
import {
  FINDING_KINDS,
  REMEDY_PHASES,
  SEVERITIES,
  type KernelWhisper,
  type Provenance,
} from 'kernel-gossip-types';
import type { ObjectIndex } from '../store/object-index.ts';

/** What is in the store, counted each time the metrics are read. No label says which pod: there is no bound on their number. */
export function findingMetrics(
  registry: Registry,
  whispers: ObjectIndex<'KernelWhisper'>,
  certificates: ObjectIndex<'PodBirthCertificate'>,
): void {
  const registers = [registry];
  new Gauge({
    name: 'kernel_gossip_whispers',
    help: 'Whispers in the store.',
    labelNames: ['kind', 'severity', 'phase', 'provenance'],
    registers,
    collect() {
      for (const { labels, count } of countWhispers(whispers.values())) this.set(labels, count);
    },
  });
  new Gauge({
    name: 'kernel_gossip_oldest_open_whisper_timestamp_seconds',
    help: 'When the oldest open whisper was first seen this time, in Unix time; no sample where none is open.',
    labelNames: ['kind', 'severity', 'provenance'],
    registers,
    collect() {
      this.reset();
      for (const { labels, atMs } of oldestOpen(whispers.values())) this.set(labels, atMs / 1000);
    },
  });
  new Gauge({
    name: 'kernel_gossip_remedies',
    help: 'Remedies that stand on whispers, by where they stand.',
    labelNames: ['phase'],
    registers,
    collect() {
      const phases = whispers.values().map(({ status }) => status?.remedy?.phase);
      const counts = Map.groupBy(phases, (phase) => phase);
      for (const phase of REMEDY_PHASES) this.set({ phase }, counts.get(phase)?.length ?? 0);
    },
  });
  new Gauge({
    name: 'kernel_gossip_birth_certificates',
    help: 'Birth certificates in the store.',
    registers,
    collect() {
      this.set(certificates.size);
    },
  });
}

type KindLabels = Readonly<Record<'kind' | 'severity' | 'provenance', string>>;

const PHASES = ['Open', 'Resolved'] as const;
const PROVENANCES: readonly Provenance[] = ['measured', 'synthetic', 'replayed'];
const ALL_LABELS: readonly KindLabels[] = FINDING_KINDS.flatMap((kind) =>
  SEVERITIES.flatMap((severity) => PROVENANCES.map((provenance) => ({ kind, severity, provenance }))),
);

/** One that nobody has looked at yet is open. */
const phaseOf = ({ status }: KernelWhisper): string => status?.phase ?? 'Open';
const keyOf = ({ kind, severity, provenance }: KindLabels): string => `${kind}/${severity}/${provenance}`;

/** Every combination is there, also those of which there is none. */
function countWhispers(
  whispers: readonly KernelWhisper[],
): readonly { readonly labels: KindLabels & { readonly phase: string }; readonly count: number }[] {
  const counts = Map.groupBy(whispers, (whisper) => `${keyOf(whisper.spec)}/${phaseOf(whisper)}`);
  return ALL_LABELS.flatMap((labels) =>
    PHASES.map((phase) => ({
      labels: { ...labels, phase },
      count: counts.get(`${keyOf(labels)}/${phase}`)?.length ?? 0,
    })),
  );
}

function oldestOpen(
  whispers: readonly KernelWhisper[],
): readonly { readonly labels: KindLabels; readonly atMs: number }[] {
  const open = Map.groupBy(
    whispers.filter((whisper) => phaseOf(whisper) === 'Open'),
    ({ spec }) => keyOf(spec),
  );
  return ALL_LABELS.flatMap((labels) => {
    const group = open.get(keyOf(labels)) ?? [];
    const times = group.map(({ spec }) => Date.parse(spec.detected_at));
    return times.length === 0 ? [] : [{ labels, atMs: times.reduce((a, b) => Math.min(a, b)) }];
  });
}
