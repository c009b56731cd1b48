import {
  RESOURCE_FIELDS,
  type ContainerResources,
  type KernelWhisper,
  type MeasuredPair,
  type Remedy,
} from 'kernel-gossip-types';

const FIELD_WORDS = {
  cpu_limit: 'CPU limit',
  cpu_request: 'CPU request',
  memory_limit: 'memory limit',
  memory_request: 'memory request',
} as const;

/** Like `CPU limit 200m → 300m`; what stays as it is, is left out. Null where no change is stated. */
export function changeText(from: ContainerResources | null, to: ContainerResources | null): string | null {
  if (to === null) return null;
  const changes = RESOURCE_FIELDS.filter((field) => (from?.[field] ?? null) !== to[field]).map(
    (field) => `${FIELD_WORDS[field]} ${from?.[field] ?? 'none'} → ${to[field] ?? 'none'}`,
  );
  return changes.length === 0 ? null : changes.join(', ');
}

/** What was measured, and of which moment it speaks. */
export interface RemedyMoment {
  readonly name: string;
  readonly pair: MeasuredPair | null;
}

/** Phases in which what was measured last is no longer in force. */
const GIVEN_UP: readonly Remedy['phase'][] = ['TakingBack', 'TakenBack', 'LeftAlone'];

/** Before the first step, and after it as far as that was measured. */
export function momentsOf({ status }: KernelWhisper, remedy: Remedy): readonly RemedyMoment[] {
  const measured = status?.measured ?? null;
  const before = { name: 'Before', pair: remedy.before };
  // What is measured now says which limit it was measured under: it may still be the old one.
  return remedy.after === null && measured !== null
    ? [before, { name: 'Now', pair: measured }]
    : [before, { name: GIVEN_UP.includes(remedy.phase) ? 'Tried' : 'After', pair: remedy.after }];
}
