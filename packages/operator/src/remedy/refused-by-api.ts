import type { Remedy } from 'kernel-gossip-types';
import type { Mandate } from './mode.ts';
import { backOffMs, isoOf, LONGEST_MESSAGE } from './situation.ts';

/**
 * The API server does not take the change. Nothing was changed by it: a change that would be the first is refused, and one
 * that takes an earlier one back is tried again.
 */
export function refusedByApi(remedy: Remedy, why: string, { limits }: Mandate, nowMs: number): Remedy {
  const message = `The API server refuses the change: ${why}`.slice(0, LONGEST_MESSAGE);
  const setbacks = remedy.setbacks + 1;
  const next_attempt_at = isoOf(nowMs + backOffMs(limits.min_seconds_between_changes, setbacks));
  if (remedy.phase === 'TakingBack') return { ...remedy, setbacks, message, next_attempt_at };
  const isFirst = remedy.search === null || remedy.search.raises + remedy.search.trims <= 1;
  return isFirst
    ? {
        ...remedy,
        phase: 'Refused',
        reason: 'RejectedByApi',
        setbacks,
        message,
        next_attempt_at,
        decided_at: isoOf(nowMs),
      }
    : { ...remedy, phase: 'TakingBack', reason: 'RejectedByApi', setbacks, message, to: remedy.original };
}
