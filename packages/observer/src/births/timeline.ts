import { containerId, type TimelineEntry } from 'kernel-gossip-types';
import type { Birth } from './birth.ts';
import { milliseconds } from './container-message.ts';
import type { PodBirths } from './pod-births.ts';
import type { Step } from './step.ts';

export type TimelineMessage = Partial<TimelineEntry> &
  Pick<TimelineEntry, 'timestamp_ms' | 'actor' | 'action'>;

/** Times are told to the microsecond; the kernel's own are finer. */
const RESOLUTION_MS = 0.001;

/** What a pod's own cgroup tells of its birth; nobody we follow makes it. */
const groupSteps = ({ groupMadeAtUs, path }: PodBirths): readonly Step[] =>
  groupMadeAtUs === null
    ? []
    : [
        {
          slot: null,
          actor: 'kernel',
          action: "make the pod's cgroup",
          beganAtUs: groupMadeAtUs,
          endedAtUs: null,
          details: path,
        },
      ];

const entrySteps = ({ entry }: Birth): readonly Step[] =>
  entry === null
    ? []
    : [
        {
          slot: null,
          actor: 'kernel',
          action: 'execute its first program',
          beganAtUs: entry.atUs,
          endedAtUs: null,
          details: entry.program.slice(0, 1024),
        },
      ];

function toEntry(
  { beganAtUs, endedAtUs, actor, action, details }: Step,
  zeroUs: number,
  id: string | null,
): TimelineMessage {
  return {
    timestamp_ms: milliseconds(beganAtUs - zeroUs),
    actor,
    action,
    duration_ms: endedAtUs === null ? null : milliseconds(endedAtUs - beganAtUs),
    resolution_ms: RESOLUTION_MS,
    clock: 'node',
    source: 'kgtrace',
    ...(id !== null && containerId.is(id) ? { container_id: id } : {}),
    details,
  };
}

/** What a sandbox is, is known only once all of its programs are. */
const named = (step: Step, { isSandbox }: Birth): Step =>
  isSandbox ? { ...step, action: step.action.replace('the container', 'the sandbox') } : step;

/** What happened for these births of a pod, in the order of time. */
export function timelineOf(
  pod: PodBirths,
  births: readonly Birth[],
  zeroUs: number,
): readonly TimelineMessage[] {
  const ofPod = groupSteps(pod).map((step) => toEntry(step, zeroUs, null));
  const ofContainers = births.flatMap((birth) =>
    [...birth.steps, ...entrySteps(birth)].map((step) => toEntry(named(step, birth), zeroUs, birth.id)),
  );
  return [...ofPod, ...ofContainers].sort((a, b) => a.timestamp_ms - b.timestamp_ms);
}
