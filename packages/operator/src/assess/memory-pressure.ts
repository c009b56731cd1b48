import { showBytes, type CauseKind, type KernelWhisperSpec, type MemoryTruth } from 'kernel-gossip-types';
import { memoryCause } from './memory-cause.ts';
import { percentText, secondsText } from './words.ts';
import type { Verdict } from './verdict.ts';

export const judgeMemoryPressure = (spec: KernelWhisperSpec): Verdict | null => {
  const { memory } = spec;
  if (memory === null) return null;
  const killed = killsOf(memory);
  const cause = memoryCause(spec, memory);
  return {
    insight:
      killed > 0
        ? `Pod lost ${killed} process${killed === 1 ? '' : 'es'} to the kernel's OOM killer`
        : pressure(memory),
    kernelEvidence: evidence(memory),
    recommendation: recommendation(memory, cause.kind),
    cause,
  };
};

function pressure({ usage_percent, stalled_percent }: MemoryTruth): string {
  if (usage_percent !== null)
    return `Pod experiencing memory pressure at ${percentText(usage_percent)} of its limit`;
  return stalled_percent === null
    ? 'Pod experiencing memory pressure; how much was not measured'
    : `Pod experiencing memory pressure: tasks waited for memory ${percentText(stalled_percent)} of the time`;
}

function evidence(memory: MemoryTruth): string {
  const facts = [inUse(memory), stalled(memory.stalled_percent), killed(memory.oom_kills)].flatMap(
    (fact) => fact ?? [],
  );
  const window = memory.window_seconds === null ? '' : ` in ${secondsText(memory.window_seconds)}`;
  if (facts.length === 0) return 'Nothing was measured';
  return `Kernel shows ${facts.join('; ')}${window}${earlierKills(memory)}`;
}

function inUse({ usage_percent, usage_bytes, limit_bytes }: MemoryTruth): string | null {
  const amount =
    usage_bytes === null || limit_bytes === null
      ? ''
      : ` (${showBytes(usage_bytes)} of ${showBytes(limit_bytes)})`;
  if (usage_percent !== null) return `${percentText(usage_percent)} of the memory limit in use${amount}`;
  return usage_bytes === null ? null : `${showBytes(usage_bytes)} of memory in use, without a limit`;
}

const stalled = (percent: number | null): string | null =>
  percent === null ? null : `tasks waited for memory ${percentText(percent)} of the time`;

const killed = (kills: number | null): string | null => (kills === null ? null : `OOM kills: ${kills}`);

/** What the window's own count leaves out. */
function earlierKills({ oom_kills, episode_oom_kills }: MemoryTruth): string {
  const isMore = episode_oom_kills !== null && episode_oom_kills > (oom_kills ?? 0);
  return isMore ? `; ${episode_oom_kills} OOM kill${episode_oom_kills === 1 ? '' : 's'} since it began` : '';
}

const killsOf = ({ oom_kills, episode_oom_kills }: MemoryTruth): number =>
  episode_oom_kills ?? oom_kills ?? 0;

function recommendation(memory: MemoryTruth, cause: CauseKind): string {
  if (killsOf(memory) > 0) {
    const raise =
      memory.limit_bytes === null
        ? 'Raise the memory limit above what the killed process needed, or make it need less'
        : `Raise the memory limit above ${showBytes(memory.limit_bytes)}: it was not enough for what was killed`;
    return cause === 'child_oom_killed'
      ? `${raise}. Kubernetes does not show it: the container goes on without that process`
      : raise;
  }
  return cause === 'memory_reclaim'
    ? 'Find out what the kernel reclaims for: tasks wait for memory while the limit is not near. Look at file pages that are read again and again, memory.high, and the memory of the node'
    : 'Find out whether the memory is needed or leaked before raising the limit';
}
