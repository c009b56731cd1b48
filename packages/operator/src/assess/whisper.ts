import {
  withCondition,
  type Condition,
  type KernelWhisper,
  type KernelWhisperSpec,
  type KernelWhisperStatus,
  type Severity,
} from 'kernel-gossip-types';
import { judgeCpuThrottle } from './cpu-throttle.ts';
import { judgeMemoryPressure } from './memory-pressure.ts';
import { judgeNetworkIssue } from './network-issue.ts';
import type { Verdict } from './verdict.ts';
import { percentText } from './words.ts';

export interface AssessmentPolicy {
  /** A whisper that nobody repeated for this long counts as over. */
  readonly quietAfterMs: number;
}

/** The part of a whisper's status that assessment writes. */
export type Assessment = Pick<
  KernelWhisperStatus,
  | 'phase'
  | 'insight'
  | 'recommendation'
  | 'kernel_evidence'
  | 'priority'
  | 'metrics_comparison'
  | 'conditions'
  | 'observed_generation'
>;

const PRIORITY = { critical: 'high', warning: 'medium', info: 'low' } as const satisfies Record<
  Severity,
  KernelWhisperStatus['priority']
>;

/** What to make of a whisper, from what stands on it and the time. */
export function assessWhisper(whisper: KernelWhisper, policy: AssessmentPolicy, nowMs: number): Assessment {
  const { spec, status, metadata } = whisper;
  const verdict = judge(spec);
  const ongoing = ongoingCondition(whisper, policy, nowMs);
  const conditions = withCondition(
    status?.conditions ?? [],
    { ...ongoing, observedGeneration: metadata.generation },
    new Date(nowMs).toISOString(),
  );
  return {
    phase: ongoing.status === 'True' ? 'Open' : 'Resolved',
    insight: verdict?.insight ?? null,
    recommendation: verdict?.recommendation ?? null,
    kernel_evidence: verdict?.kernelEvidence ?? null,
    priority: PRIORITY[spec.severity],
    metrics_comparison: verdict?.comparison ?? null,
    conditions,
    observed_generation: metadata.generation,
  };
}

function judge(spec: KernelWhisperSpec): Verdict | null {
  switch (spec.kind) {
    case 'cpu_throttle':
      return judgeCpuThrottle(spec);
    case 'memory_pressure':
      return judgeMemoryPressure(spec);
    case 'network_issue':
      return judgeNetworkIssue(spec);
  }
}

type Ongoing = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

function ongoingCondition(
  { spec, status }: KernelWhisper,
  { quietAfterMs }: AssessmentPolicy,
  nowMs: number,
): Ongoing {
  if (spec.ended_at !== null) {
    const measured = spec.ended_percent === null ? '' : `: it measured ${percentText(spec.ended_percent)}`;
    return {
      type: 'Ongoing',
      status: 'False',
      reason: 'EndedBySource',
      message: `The source saw it end at ${spec.ended_at}${measured}.`,
    };
  }
  const lastSeen = status?.last_seen ?? null;
  if (lastSeen !== null && nowMs - Date.parse(lastSeen) >= quietAfterMs) {
    return {
      type: 'Ongoing',
      status: 'False',
      reason: 'NoLongerReported',
      message: `Nobody reported it since ${lastSeen}. That is no proof that it is over.`,
    };
  }
  return { type: 'Ongoing', status: 'True', reason: 'Reported', message: 'It is being reported.' };
}

/** How long until a whisper that stays silent counts as over; null when time alone changes nothing. */
export function msUntilQuiet(
  { spec, status }: KernelWhisper,
  { quietAfterMs }: AssessmentPolicy,
  nowMs: number,
): number | null {
  const lastSeen = status?.last_seen ?? null;
  if (spec.ended_at !== null || lastSeen === null) return null;
  const left = Date.parse(lastSeen) + quietAfterMs - nowMs;
  return left > 0 ? left : null;
}
