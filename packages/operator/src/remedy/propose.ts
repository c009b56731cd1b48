import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { remedyRequest, type ContainerResources, type Remedy, type RemedyOwner } from 'kernel-gossip-types';
import type { Surroundings } from '../cluster/remedy-facts.ts';
import { boundsOf } from './bounds.ts';
import { resizePatch, templatePatch, withLimit, withOwn } from './change.ts';
import { checksFor, PERMISSION } from './checks.ts';
import { isAllowed, nextAllowedMs } from './hours.ts';
import { firstStep, type FirstStep } from './first-step.ts';
import { approvedOn } from './request.ts';
import {
  isoOf,
  note,
  recentChanges,
  rest,
  send,
  withChange,
  backOffMs,
  HOUR_MS,
  type Move,
  type Situation,
} from './situation.ts';

/** So long is waited for an observer to measure what stands before a change. */
const PATIENCE_MS = 90_000;

/** Decides about a container for which nothing is under way: whether to show a change, to refuse it, or to begin. */
export function propose(situation: Situation, surroundings: Surroundings): Move {
  const { pod, container, resource, nowMs } = situation;
  const pauseMs = pauseOf(situation);
  if (pauseMs > 0) return rest(pauseMs);
  const step = firstStep(situation, (originalLimit) =>
    boundsOf({
      resource,
      pod,
      surroundings,
      limits: situation.mandate.limits,
      current: container.resources,
      originalLimit,
    }),
  );
  if (step === null) return abandon(situation) ?? rest();
  const approved = approvedOn(situation.whisper);
  const to =
    approved === null
      ? withLimit(container.resources, resource, step.limit, pod.qosClass)
      : withOwn(container.resources, approved, resource);
  const draft = draftOf(situation, surroundings, step, to);
  return settle(decide(draft, situation, { ...step, isApproved: approved !== null }), situation, nowMs);
}

/** What came to its end stays on the object, with its figures, until something may be tried again. */
function pauseOf({ whisper, nowMs }: Situation): number {
  const remedy = whisper.status?.remedy ?? null;
  // What waits looks each time whether it still has to: the policy may be another one now.
  if (remedy?.next_attempt_at == null || remedy.phase === 'Waiting') return 0;
  return Date.parse(remedy.next_attempt_at) - nowMs;
}

/** Writes only what is news. */
function settle(move: Move, { whisper }: Situation, nowMs: number): Move {
  if (move.kind !== 'note' || !isDeepStrictEqual(move.remedy, whisper.status?.remedy)) return move;
  const next = move.remedy.next_attempt_at;
  return rest(next === null ? move.afterMs : Math.max(0, Date.parse(next) - nowMs));
}

function draftOf(
  { whisper, mandate, pod, container, resource }: Situation,
  surroundings: Surroundings,
  step: FirstStep,
  to: ContainerResources,
): Remedy {
  const before = whisper.status?.remedy ?? null;
  const patch = resizePatch(container, container.resources, to);
  return {
    phase: 'Proposed',
    reason: 'DryRun',
    message: '',
    mode: mandate.mode,
    decided_by: mandate.decidedBy,
    proposal_id: idOf(container.name, to, before?.setbacks ?? 0),
    container_name: container.name,
    original: step.original,
    from: container.resources,
    to,
    patch: JSON.stringify(patch),
    owner: ownerOf(pod.workload, surroundings, templatePatch(patch)),
    checks: checksFor({ resource, pod, container, surroundings, to, bounds: step.bounds }),
    search: step.search,
    before: null,
    after: null,
    improvement_percent: null,
    setbacks: before?.setbacks ?? 0,
    changes: before?.changes ?? null,
    answered_request: before?.answered_request ?? null,
    started_at: null,
    measured_until: null,
    oom_kills_before: null,
    heard_at: null,
    applied_at: null,
    decided_at: null,
    next_attempt_at: null,
  };
}

const ID_LENGTH = 10;
/** A proposal that was tried and taken back is another one when it comes again. */
const idOf = (container: string, to: ContainerResources, setbacks: number): string =>
  createHash('sha256')
    .update(JSON.stringify([container, to, setbacks]))
    .digest('hex')
    .slice(0, ID_LENGTH);

const ownerOf = (
  workload: Situation['pod']['workload'],
  { managedBy }: Surroundings,
  patch: string,
): RemedyOwner | null =>
  workload === null
    ? null
    : { ...workload, managed_by: typeof managedBy === 'string' ? managedBy : null, patch };

interface Decided extends FirstStep {
  readonly isApproved: boolean;
}

function decide(draft: Remedy, situation: Situation, step: Decided): Move {
  const { mandate } = situation;
  if (mandate.mode === 'Off')
    return refused({ ...draft, ...NOTHING }, 'SwitchedOff', `Nothing is proposed: ${mandate.decidedBy}.`);
  const isShown = mandate.mode === 'DryRun' && !step.isApproved;
  const failed = draft.checks?.find(({ name, passed }) => !passed && !(isShown && name === PERMISSION));
  const answered = step.isApproved ? { ...draft, ...approval(draft) } : draft;
  if (failed !== undefined) return refused(answered, failed.name, failed.message);
  if (isShown) return note({ ...draft, message: shownText(draft, step.why) });
  return begin(answered, situation, step);
}

/** To show what would be done takes no right to do it. */
function shownText({ checks }: Remedy, why: string): string {
  const missing = checks?.find(({ name, passed }) => name === PERMISSION && !passed);
  const until = 'This is what would be sent; nothing is, until the policy says Auto or someone approves it.';
  return `${why}. ${until}${missing === undefined ? '' : ` For that, ${missing.message}`}`;
}

/** What stands on a whisper whose pod is not to be changed: no proposal. */
const NOTHING = {
  proposal_id: null,
  to: null,
  patch: null,
  owner: null,
  checks: null,
  search: null,
} as const;

const approval = ({ proposal_id }: Remedy): Partial<Remedy> => ({
  decided_by: 'approved by a person, on the whisper',
  answered_request: remedyRequest('approve', proposal_id),
});

const refused = (draft: Remedy, reason: string, message: string): Move =>
  note({ ...draft, phase: 'Refused', reason, message });

/** First what stands before the change is measured, in both cgroups; then it is made. */
function begin(draft: Remedy, situation: Situation, step: FirstStep): Move {
  const current = situation.whisper.status?.remedy ?? null;
  if (!isMeasuringBefore(current)) {
    const obstacle = obstacleOf(situation);
    return obstacle === null ? measureFirst(draft, situation) : waiting(draft, obstacle, situation.nowMs);
  }
  return step.isMeasured ? change(draft, situation, step) : unmeasured(draft, situation);
}

function change(draft: Remedy, { whisper, container, nowMs }: Situation, step: FirstStep): Move {
  const measured = whisper.status?.measured ?? null;
  const remedy: Remedy = {
    ...draft,
    phase: 'Applying',
    reason: 'Raising',
    message: `${step.why}.`,
    before: measured,
    started_at: whisper.status?.remedy?.started_at ?? null,
    measured_until: measured?.container?.measured_at ?? null,
    oom_kills_before: whisper.spec.memory?.episode_oom_kills ?? null,
    applied_at: isoOf(nowMs),
    changes: withChange(draft.changes, nowMs),
  };
  return send(remedy, resizePatch(container, container.resources, draft.to ?? container.resources));
}

function unmeasured(draft: Remedy, { whisper, pod, nowMs }: Situation): Move {
  const left = patienceLeftMs(whisper.status?.remedy ?? null, nowMs);
  if (left > 0) return rest(left);
  const why = `No observer measured the container and its pod within ${PATIENCE_MS / 1000} s; without that nothing could be proved. Is one running on node ${pod.nodeName ?? 'unknown'}?`;
  const next_attempt_at = isoOf(nowMs + backOffMs(PATIENCE_MS / 1000, draft.setbacks));
  return refused({ ...draft, setbacks: draft.setbacks + 1, next_attempt_at }, 'NotMeasured', why);
}

const isMeasuringBefore = (remedy: Remedy | null): boolean =>
  remedy?.phase === 'Waiting' && remedy.reason === 'MeasuringBefore';

const patienceLeftMs = (remedy: Remedy | null, nowMs: number): number =>
  Date.parse(remedy?.started_at ?? isoOf(nowMs)) + PATIENCE_MS - nowMs;

/** What waited to begin does so no longer, because it is over or nothing that is measured asks for it any more; else null. */
export function abandon({ whisper, nowMs }: Situation): Move | null {
  const { remedy = null, phase, measured = null } = whisper.status ?? {};
  if (remedy?.phase !== 'Waiting') return null;
  const isCalm = isMeasuringBefore(remedy) && measured !== null && patienceLeftMs(remedy, nowMs) <= 0;
  if (phase === 'Open' && !isCalm) return null;
  return note({
    ...remedy,
    phase: 'SteppedBack',
    reason: 'EndedByItself',
    message: 'It ended, or became less, before anything was changed.',
    decided_at: isoOf(nowMs),
    next_attempt_at: null,
  });
}

const measureFirst = (draft: Remedy, { whisper, nowMs }: Situation): Move =>
  note(
    {
      ...draft,
      phase: 'Waiting',
      reason: 'MeasuringBefore',
      message: 'Before the change, what the kernel counts in both cgroups is measured.',
      started_at: isoOf(nowMs),
      measured_until: whisper.status?.measured?.container?.measured_at ?? null,
    },
    PATIENCE_MS,
  );

interface Obstacle {
  readonly reason: string;
  readonly why: string;
  /** Null where it never passes by itself. */
  readonly untilMs: number | null;
}

const waiting = (draft: Remedy, { reason, why, untilMs }: Obstacle, nowMs: number): Move =>
  note(
    {
      ...draft,
      phase: 'Waiting',
      reason,
      message: why,
      next_attempt_at: untilMs === null ? null : isoOf(untilMs),
    },
    untilMs === null ? null : Math.max(0, untilMs - nowMs),
  );

/** What stands in the way for now; null where nothing does. */
function obstacleOf({ whisper, mandate, workloadChanges, nowMs }: Situation): Obstacle | null {
  const before = whisper.status?.remedy ?? null;
  if (!isAllowed(mandate.hours, nowMs))
    return {
      reason: 'OutsideAllowedHours',
      why: 'The policy allows changes at other hours only.',
      untilMs: nextAllowedMs(mandate.hours, nowMs),
    };
  const { max_changes_per_hour: most, min_seconds_between_changes: least } = mandate.limits;
  const recent = recentChanges(workloadChanges, nowMs);
  if (recent.length >= most)
    return {
      reason: 'TooManyChanges',
      why: `There were ${recent.length} changes to the workload within an hour, and the policy allows ${most}.`,
      untilMs: Date.parse(recent.toSorted()[0] ?? isoOf(nowMs)) + HOUR_MS,
    };
  const last = before?.changes?.at(-1);
  const restedMs = last === undefined ? Infinity : nowMs - Date.parse(last);
  return restedMs >= least * 1000
    ? null
    : {
        reason: 'Cooldown',
        why: `The policy wants ${least} s between two changes.`,
        untilMs: nowMs + least * 1000 - restedMs,
      };
}
