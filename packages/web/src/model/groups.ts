import { SEVERITIES, type KernelWhisper, type Severity } from 'kernel-gossip-types';
import { phaseOf } from './filters.ts';

/** A whisper with what decides its place, found once for each of its states: thousands are sorted a few times a second. */
export interface Placed {
  readonly whisper: KernelWhisper;
  /** Names it among all. */
  readonly key: string;
  /** In the order of these texts the most urgent comes first. */
  readonly urgency: string;
  /** Whispers of one workload have the same. */
  readonly group: string;
}

export const whisperKey = ({ metadata }: KernelWhisper): string => `${metadata.namespace}/${metadata.name}`;

/** Later than every time that a Date can hold, in milliseconds. */
const END_OF_TIME = 9e15;

/**
 * What goes on before what is over, then the worst first, then what began last; at last by name. Nothing that a mere
 * repeat changes takes part, so that rows stay where they are while somebody reads them.
 */
function urgencyOf(whisper: KernelWhisper): string {
  const isOver = phaseOf(whisper) === 'Resolved';
  const rank = SEVERITIES.length - SEVERITIES.indexOf(whisper.spec.severity);
  const began = String(END_OF_TIME - Date.parse(whisper.spec.detected_at)).padStart(17, '0');
  return `${isOver ? 1 : 0} ${rank} ${began} ${whisperKey(whisper)}`;
}

const workloadOf = ({ spec: { workload } }: KernelWhisper): string | null =>
  workload === null ? null : `${workload.kind}/${workload.name}`;

export const placed = (whisper: KernelWhisper): Placed => ({
  whisper,
  key: whisperKey(whisper),
  urgency: urgencyOf(whisper),
  // A pod that stands alone is a group of its own.
  group: `${whisper.spec.namespace}/${workloadOf(whisper) ?? `pod/${whisper.spec.pod_name}`}`,
});

const byUrgency = (a: Placed, b: Placed): number =>
  a.urgency < b.urgency ? -1 : a.urgency > b.urgency ? 1 : 0;

export const urgentFirst = (whispers: readonly KernelWhisper[]): readonly KernelWhisper[] =>
  whispers
    .map(placed)
    .sort(byUrgency)
    .map(({ whisper }) => whisper);

export interface Group {
  readonly key: string;
  readonly namespace: string;
  /** Like `Deployment/web`; null for a pod that stands alone. */
  readonly workload: string | null;
  /** The worst first; never empty. */
  readonly members: readonly Placed[];
}

/** Whispers by workload: the group with the worst whisper first, and in each group the worst first. */
export function groupsOf(whispers: readonly Placed[]): readonly Group[] {
  const groups = Map.groupBy(whispers.toSorted(byUrgency), ({ group }) => group);
  return [...groups].flatMap(([key, members]) => {
    const worst = members[0]?.whisper;
    return worst === undefined
      ? []
      : [{ key, namespace: worst.spec.namespace, workload: workloadOf(worst), members }];
  });
}

/** How many open whispers there are of each severity. */
export function openBySeverity(whispers: readonly KernelWhisper[]): Readonly<Record<Severity, number>> {
  const counts = { critical: 0, warning: 0, info: 0 };
  for (const whisper of whispers) if (phaseOf(whisper) !== 'Resolved') counts[whisper.spec.severity] += 1;
  return counts;
}
