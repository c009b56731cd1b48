import { visible, type KernelWhisper } from 'kernel-gossip-types';
import { byUrgency } from '../render/order.ts';
import { workloadText } from '../render/words.ts';
import type { HeldWhisper } from './held.ts';

export const SORTS = ['worst first', 'newest first', 'by name'] as const;
export type Sort = (typeof SORTS)[number];

/** The whispers of one workload, or of one pod that stands alone. */
export interface Group {
  readonly title: string;
  readonly whispers: readonly HeldWhisper[];
}

type Compare = (a: KernelWhisper, b: KernelWhisper) => number;

const lastSeen = ({ spec, status }: KernelWhisper): number =>
  Date.parse(status?.last_seen ?? spec.detected_at);
const nameOf = ({ spec }: KernelWhisper): string =>
  [spec.namespace, spec.workload?.name ?? '', spec.pod_name, spec.container_name ?? ''].join('/');
const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const COMPARE: Readonly<Record<Sort, Compare>> = {
  'worst first': byUrgency,
  'newest first': (a, b) => lastSeen(b) - lastSeen(a) || byUrgency(a, b),
  'by name': (a, b) => compareTexts(nameOf(a), nameOf(b)) || byUrgency(a, b),
};

const titleOf = ({ whisper }: HeldWhisper): string => {
  const { namespace, workload, pod_name: pod } = whisper.spec;
  return `${visible(namespace)}  ${workload === null ? `Pod/${visible(pod)}` : workloadText(whisper)}`;
};

/** In the order that is wished for; a group stands where the first of its whispers does. */
export function groupsOf(whispers: readonly HeldWhisper[], sort: Sort): readonly Group[] {
  const compare = COMPARE[sort];
  const sorted = whispers.toSorted((a, b) => compare(a.whisper, b.whisper));
  return [...Map.groupBy(sorted, titleOf)].map(([title, own]) => ({ title, whispers: own }));
}

/** Whether a text stands in anything that names a whisper. */
export function names({ spec }: KernelWhisper, text: string): boolean {
  const wanted = text.toLowerCase();
  const words = [
    spec.namespace,
    spec.pod_name,
    spec.container_name,
    spec.workload?.kind,
    spec.workload?.name,
    spec.kind,
    spec.severity,
    spec.source?.node_name,
  ];
  return words.some((word) => word?.toLowerCase().includes(wanted) === true);
}
