import {
  FINDING_KINDS,
  SEVERITIES,
  type FindingKind,
  type KernelWhisper,
  type Severity,
} from 'kernel-gossip-types';
import type { ShownPhase } from './words.ts';

/** Which whispers are shown; null lets all through. */
export interface Filters {
  readonly namespace: string | null;
  readonly kind: FindingKind | null;
  readonly severity: Severity | null;
  readonly phase: ShownPhase | null;
  /** What must stand somewhere in the names or the words, in small letters. */
  readonly text: string;
}

export const NO_FILTERS: Filters = { namespace: null, kind: null, severity: null, phase: null, text: '' };

export const PHASES: readonly ShownPhase[] = ['Open', 'Resolved', 'Pending'];

const oneOf = <A extends string>(values: readonly A[], value: string | null): A | null =>
  values.find((one) => one === value) ?? null;

/** What the address says; words that nobody knows are as good as none. */
export function filtersOf(query: string): Filters {
  const given = new URLSearchParams(query);
  const namespace = given.get('namespace');
  return {
    namespace: namespace === '' ? null : namespace,
    kind: oneOf(FINDING_KINDS, given.get('kind')),
    severity: oneOf(SEVERITIES, given.get('severity')),
    phase: oneOf(PHASES, given.get('phase')),
    text: given.get('text')?.toLowerCase() ?? '',
  };
}

/** The same as it stands in the address. */
export function queryOf({ text, ...words }: Filters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(words)) if (value !== null) query.set(name, value);
  if (text !== '') query.set('text', text);
  return query.toString();
}

export const phaseOf = ({ status }: KernelWhisper): ShownPhase => status?.phase ?? 'Pending';

/** What of a whisper can be searched, in small letters. */
export const searchable = ({ spec, status }: KernelWhisper): string =>
  [
    spec.namespace,
    spec.pod_name,
    spec.container_name,
    spec.workload?.kind,
    spec.workload?.name,
    spec.source?.node_name,
    status?.insight,
    status?.cause?.kind,
    spec.provenance,
  ]
    .filter((part) => part != null)
    .join(' ')
    .toLowerCase();

const isOr = <A>(wanted: A | null, value: A): boolean => wanted === null || wanted === value;

/** Whether a whisper is among those asked for. `text` is what `searchable` made of it. */
export const passes = (filters: Filters, whisper: KernelWhisper, text: string): boolean =>
  isOr(filters.namespace, whisper.spec.namespace) &&
  isOr(filters.kind, whisper.spec.kind) &&
  isOr(filters.severity, whisper.spec.severity) &&
  isOr(filters.phase, phaseOf(whisper)) &&
  text.includes(filters.text);
