import type { Cause, KernelWhisperSpec, MemoryTruth } from 'kernel-gossip-types';
import { causeOf, inWindow, shareLine, type Found } from './cause.ts';

/** From this share of the limit on the limit is near: observers count pressure as over below it. */
const NEAR_PERCENT = 80;
/** Tasks that wait for memory in this share of the time do so because of reclaim, not by chance. Observers begin here. */
const STALLED_PERCENT = 10;
/** An episode that went on for so long after a process was killed was not ended by it. */
const OUTLIVED_SECONDS = 30;

/** Why a container is short of memory, as far as the figures on its whisper tell. */
export const memoryCause = (spec: KernelWhisperSpec, memory: MemoryTruth): Cause =>
  childOomKilled(spec, memory) ??
  limitNear(spec, memory) ??
  reclaim(spec, memory) ??
  causeOf(spec, 'unknown', figures(memory), wouldTell(spec, memory));

/**
 * A process was killed and the container goes on: Kubernetes shows nothing of it. A container whose main process is
 * killed goes with its group, and its observer says right after that the episode is over.
 */
function childOomKilled(spec: KernelWhisperSpec, memory: MemoryTruth): Found {
  if (spec.container_name === null || killsOf(memory) === 0) return null;
  if (killedEarlier(memory)) {
    return causeOf(spec, 'child_oom_killed', [
      ...figures(memory),
      'the container was still there in a later window',
    ]);
  }
  if (spec.ended_at === null) {
    return causeOf(
      spec,
      'child_oom_killed',
      [...figures(memory), 'ended_at: none; nobody reported that the container is gone'],
      'a later window in which the container is still there would prove that its main process was not among the killed',
    );
  }
  const lasted = (Date.parse(spec.ended_at) - Date.parse(spec.detected_at)) / 1000;
  if (isNear(memory) || isStalled(memory) || lasted < OUTLIVED_SECONDS) return null;
  return causeOf(spec, 'child_oom_killed', [
    ...figures(memory),
    `detected_at to ended_at: ${Math.round(lasted)} s, so the container outlived it`,
  ]);
}

const limitNear = (spec: KernelWhisperSpec, memory: MemoryTruth): Found =>
  isNear(memory) ? causeOf(spec, 'memory_limit_near', figures(memory)) : null;

const reclaim = (spec: KernelWhisperSpec, memory: MemoryTruth): Found =>
  isStalled(memory)
    ? causeOf(
        spec,
        'memory_reclaim',
        figures(memory),
        memory.usage_percent === null
          ? 'the memory in use as a share of a limit was not measured: it would tell whether the limit is what makes the kernel reclaim'
          : null,
      )
    : null;

const isNear = ({ usage_percent }: MemoryTruth): boolean =>
  usage_percent !== null && usage_percent >= NEAR_PERCENT;

const isStalled = ({ stalled_percent }: MemoryTruth): boolean =>
  stalled_percent !== null && stalled_percent >= STALLED_PERCENT;

const killsOf = ({ oom_kills, episode_oom_kills }: MemoryTruth): number =>
  episode_oom_kills ?? oom_kills ?? 0;

const killedEarlier = ({ oom_kills, episode_oom_kills }: MemoryTruth): boolean =>
  oom_kills !== null && episode_oom_kills !== null && episode_oom_kills > oom_kills;

function wouldTell({ container_name }: KernelWhisperSpec, memory: MemoryTruth): string | null {
  if (killsOf(memory) > 0) {
    return container_name === null
      ? 'which container it was, and what it had in use, could not be read any more'
      : 'a report of what was in use when the process was killed, and of whether the container outlived it';
  }
  const missing = (['usage_percent', 'stalled_percent', 'oom_kills'] as const).filter(
    (field) => memory[field] === null,
  );
  return missing.length === 0
    ? null
    : `${missing.join(', ')} ${missing.length === 1 ? 'was' : 'were'} not measured`;
}

const figures = (memory: MemoryTruth): readonly (string | null)[] => [
  shareLine('usage_percent', memory.usage_percent, memory.window_seconds),
  shareLine('stalled_percent', memory.stalled_percent, memory.window_seconds),
  memory.oom_kills === null ? null : `oom_kills: ${memory.oom_kills}${inWindow(memory.window_seconds)}`,
  memory.episode_oom_kills === null || memory.episode_oom_kills === 0
    ? null
    : `episode_oom_kills: ${memory.episode_oom_kills} since detected_at`,
];
