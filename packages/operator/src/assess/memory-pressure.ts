import type { KernelWhisperSpec, MemoryTruth } from 'kernel-gossip-types';
import { bytesText, percentText, secondsText } from './words.ts';
import type { Verdict } from './verdict.ts';

export const judgeMemoryPressure = (spec: KernelWhisperSpec): Verdict | null => {
  const { memory } = spec;
  if (memory === null) return null;
  const killed = memory.oom_kills ?? 0;
  return {
    insight:
      killed > 0
        ? `Pod lost ${killed} process${killed === 1 ? '' : 'es'} to the kernel's OOM killer`
        : `Pod experiencing memory pressure at ${percentText(memory.usage_percent)} of its limit`,
    kernelEvidence: evidence(memory),
    recommendation: recommendation(memory),
    comparison: null,
  };
};

function evidence(memory: MemoryTruth): string {
  const amount =
    memory.usage_bytes === null || memory.limit_bytes === null
      ? ''
      : ` (${bytesText(memory.usage_bytes)} of ${bytesText(memory.limit_bytes)})`;
  const stalled =
    memory.stalled_percent === null
      ? ''
      : `; tasks waited for memory ${percentText(memory.stalled_percent)} of the time`;
  const killed = memory.oom_kills === null ? '' : `; OOM kills: ${memory.oom_kills}`;
  const window = memory.window_seconds === null ? '' : ` in ${secondsText(memory.window_seconds)}`;
  return `Kernel shows ${percentText(memory.usage_percent)} of the memory limit in use${amount}${stalled}${killed}${window}`;
}

function recommendation(memory: MemoryTruth): string {
  if ((memory.oom_kills ?? 0) > 0) {
    return memory.limit_bytes === null
      ? 'Raise the memory limit above what the killed process needed, or make it need less'
      : `Raise the memory limit above ${bytesText(memory.limit_bytes)}: it was not enough for what was killed`;
  }
  return 'Find out whether the memory is needed or leaked before raising the limit';
}
