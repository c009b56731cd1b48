import type { Remedy } from 'kernel-gossip-types';
import type { Pair } from './measured-pair.ts';
import { newKills } from './new-kills.ts';
import { backOffMs, isoOf, note, type Move } from './situation.ts';
import { end, SILENCE_MS, sinceApplied, type UnderWay } from './under-way.ts';

/** Memory: no process was killed for so long under the new limit. */
const CALM_MEMORY_MS = 60_000;

/** Memory is never taken back: under the old limit processes were killed, and lowering it may kill more. */
export function judgeMemory(situation: UnderWay, pair: Pair): Move {
  const { remedy, nowMs } = situation;
  const seen: Remedy = { ...remedy, after: pair, heard_at: isoOf(nowMs) };
  if (wasKilled(situation, pair))
    return end(
      { ...situation, remedy: seen },
      {
        phase: 'SteppedBack',
        reason: 'StillKilled',
        message:
          'Processes were killed under the new limit as well. It stays, since a lower one kills more; the next attempt raises it again.',
        pauseMs: backOffMs(situation.mandate.limits.min_seconds_between_changes, remedy.setbacks),
      },
    );
  if (pair.container.oom_kills === null) return note(seen, SILENCE_MS);
  return sinceApplied(situation) >= CALM_MEMORY_MS
    ? end(
        { ...situation, remedy: seen },
        {
          phase: 'Proven',
          reason: 'NoneKilled',
          message: `No process was killed in the ${Math.round(sinceApplied(situation) / 1000)} s since.`,
          pauseMs: null,
        },
      )
    : note(seen, SILENCE_MS);
}

/** Whether a process was killed for want of memory under the new limit, be it the one that the container lives by. */
export const wasKilled = ({ whisper, remedy }: UnderWay, { container }: Pair): boolean =>
  newKills(whisper, remedy) > 0 || (container.oom_kills ?? 0) > 0;
