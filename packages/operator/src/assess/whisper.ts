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
import { metricsComparison } from './metrics-comparison.ts';
import { judgeNetworkIssue } from './network-issue.ts';
import type { Verdict } from './verdict.ts';
import { adviceAfter } from './remedy-advice.ts';
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
  | 'cause'
  | 'metrics_comparison'
  | 'conditions'
  | 'observed_generation'
>;

const PRIORITY = { critical: 'high', warning: 'medium', info: 'low' } as const satisfies Record<
  Severity,
  KernelWhisperStatus['priority']
>;

/** Why further whispers are not opened; told on one that is. */
export interface Withholding {
  /** As one word for machines. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** What to make of a whisper, from what stands on it, the time, and what is withheld beside it. */
export function assessWhisper(
  whisper: KernelWhisper,
  policy: AssessmentPolicy,
  nowMs: number,
  withholding: Withholding | null = null,
): Assessment {
  const { spec, metadata } = whisper;
  const verdict = judge(spec);
  const ongoing = ongoingCondition(whisper, policy, nowMs);
  return {
    phase: ongoing.status === 'True' ? 'Open' : 'Resolved',
    insight: verdict?.insight ?? null,
    recommendation: adviceOn(whisper, verdict),
    kernel_evidence: verdict?.kernelEvidence ?? null,
    priority: PRIORITY[spec.severity],
    cause: verdict?.cause ?? null,
    metrics_comparison: metricsComparison(whisper),
    conditions: conditionsOf(whisper, ongoing, withholding, new Date(nowMs).toISOString()),
    observed_generation: metadata.generation,
  };
}

const adviceOn = ({ status }: KernelWhisper, verdict: Verdict | null): string | null =>
  adviceAfter(status?.remedy ?? null) ?? verdict?.recommendation ?? null;

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

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** `Withholding` stands on one whisper of many, and only while it holds. */
function conditionsOf(
  { status, metadata: { generation } }: KernelWhisper,
  ongoing: Said,
  withholding: Withholding | null,
  now: string,
): readonly Condition[] {
  const said = withCondition(status?.conditions ?? [], { ...ongoing, observedGeneration: generation }, now);
  return withholding === null
    ? said.filter(({ type }) => type !== WITHHOLDING)
    : withCondition(
        said,
        { type: WITHHOLDING, status: 'True', ...withholding, observedGeneration: generation },
        now,
      );
}

const WITHHOLDING = 'Withholding';

function ongoingCondition(
  { spec, status }: KernelWhisper,
  { quietAfterMs }: AssessmentPolicy,
  nowMs: number,
): Said {
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
