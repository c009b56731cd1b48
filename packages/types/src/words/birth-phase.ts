import type { TimelineEntry } from '../observation/index.ts';
import type { SlowestPhase } from '../resource/index.ts';

/** Whether a phase is this entry: it is named by its action and, where it was for one, its container. */
export const isBirthPhase = (
  { actor, action, duration_ms, container_name }: TimelineEntry,
  phase: SlowestPhase,
): boolean =>
  actor === phase.actor &&
  duration_ms === phase.duration_ms &&
  [action, `${action} (${container_name ?? 'sandbox'})`].includes(phase.action);
