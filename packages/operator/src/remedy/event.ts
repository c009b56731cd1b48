import type { KernelWhisper, Remedy, RemedyPhase } from 'kernel-gossip-types';
import type { PodEventDraft } from '../cluster/tell-event.ts';
import { LONGEST_MESSAGE } from './situation.ts';

/** What an event's reason says, by the phase that begins. Proposals and waiting are no events: they stand on the object. */
const REASONS: Readonly<Partial<Record<RemedyPhase, string>>> = {
  Refused: 'RemedyRefused',
  Applying: 'RemedyApplied',
  Proven: 'RemedyProven',
  TakingBack: 'RemedyTakenBack',
  SteppedBack: 'RemedySteppedBack',
  LeftAlone: 'RemedyLeftAlone',
};

const WARNINGS: ReadonlySet<RemedyPhase> = new Set(['TakingBack', 'SteppedBack']);

/** The event that a change of a remedy is worth; null where it is worth none, or was told before. */
export function eventOf({ metadata, status }: KernelWhisper, remedy: Remedy): PodEventDraft | null {
  const reason = REASONS[remedy.phase];
  const before = status?.remedy ?? null;
  const isTold =
    before?.phase === remedy.phase &&
    before.reason === remedy.reason &&
    before.applied_at === remedy.applied_at;
  // Where changes are only shown, a refusal changes nothing for anyone.
  if (reason === undefined || isTold || (remedy.phase === 'Refused' && remedy.mode !== 'Auto')) return null;
  return {
    reason,
    action: remedy.reason,
    type: WARNINGS.has(remedy.phase) ? 'Warning' : 'Normal',
    note: `${remedy.container_name}: ${changeOf(remedy)}${remedy.message}`.slice(0, LONGEST_MESSAGE),
    related: { name: metadata.name, uid: metadata.uid },
  };
}

function changeOf({ from, to }: Remedy): string {
  const parts = (['cpu_limit', 'memory_limit'] as const).flatMap((field) =>
    from === null || to === null || from[field] === to[field]
      ? []
      : [`${field.replace('_', ' ')} ${from[field] ?? 'none'} -> ${to[field] ?? 'none'}; `],
  );
  return parts.join('');
}
