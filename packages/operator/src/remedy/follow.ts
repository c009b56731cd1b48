import type { KernelReading, MeasuredPair, Remedy } from 'kernel-gossip-types';
import { limitReadingOf } from '../assess/limit-reading.ts';
import { nextStep, type LimitStep } from '../assess/limit-search.ts';
import { coresText, percentText } from '../assess/words.ts';
import { isUnknown, type ResizeCondition, type Surroundings } from '../cluster/remedy-facts.ts';
import { amountOf } from './amounts.ts';
import { boundsOf } from './bounds.ts';
import { isActuated, resizePatch, sameResources, withLimit } from './change.ts';
import { leastCores, mostOf, SEARCH_BOUNDS } from './first-step.ts';
import { improvementPercent, isComparable, isInForce } from './proof.ts';
import { searchFrom, storedSearch } from './search.ts';
import {
  backOffMs,
  HOUR_MS,
  isoOf,
  note,
  recentChanges,
  rest,
  withChange,
  type Move,
  type Situation,
} from './situation.ts';

/** How long the kubelet may take; it tries a deferred change again whenever there is room (KEP-1287). */
const ACTUATION_MS = 5 * 60_000;
/** The kubelet says that a change is in force a moment before, or after, the cgroups have it. */
const IN_FORCE_MS = 60_000;
/** An observer that is silent for longer than this proves nothing. */
const SILENCE_MS = 3 * 60_000;
/** So long is waited for as much work as there was before. */
const LOAD_MS = 10 * 60_000;
/** Memory: no process was killed for so long under the new limit. */
const CALM_MEMORY_MS = 60_000;
const LOOK_AGAIN_MS = 2000;
/** Throttling that is still there must have fallen by this much for the change to be worth keeping. */
const WORTH_KEEPING_PERCENT = 50;
/** What a person undid, and what would eat any limit, is not tried again for so long. */
const HANDS_OFF_MS = 24 * HOUR_MS;
/** What was proved is given some time in which the whisper may end. */
const PROVEN_FOR_MS = 10 * 60_000;
const HANDS_OFF: ReadonlySet<string> = new Set(['UndoneByRequest', 'EatsAnyLimit']);

/** A situation in which something is under way. */
export interface UnderWay extends Situation {
  readonly remedy: Remedy;
}

/** Whether the next move depends on the pod's surroundings: another step may be due. */
export const needsSurroundings = ({ remedy, whisper }: UnderWay): boolean =>
  remedy.phase === 'Measuring' && newPair(whisper.status?.measured ?? null, remedy) !== null;

/** Brings what was begun to its end: the change is proved in the kernel, or taken back. */
export function follow(given: UnderWay, surroundings: Surroundings | null): Move {
  const situation = withPresentTimes(given);
  const { remedy, mandate } = situation;
  if (remedy.to === null || remedy.from === null || remedy.original === null)
    return end(situation, {
      phase: 'SteppedBack',
      reason: 'Incomplete',
      message: 'What was to be done does not stand on the object.',
      pauseMs: null,
    });
  if (remedy.phase === 'TakingBack') return whileTakingBack(situation);
  if (isTouched(situation))
    return end(situation, {
      phase: 'SteppedBack',
      reason: 'ChangedByOthers',
      message: 'Someone else changed the resources of the container meanwhile; they are left as they are.',
      pauseMs: HOUR_MS,
    });
  if (mandate.mode === 'Off')
    return takeBack(situation, 'SwitchedOff', `Switched off before it was proved: ${mandate.decidedBy}.`);
  return remedy.phase === 'Applying' ? whileApplying(situation) : whileMeasuring(situation, surroundings);
}

/** Neither what was before this step nor what it asks for. */
const isTouched = ({ remedy, container }: UnderWay): boolean =>
  [remedy.from, remedy.to].every((known) => known === null || !sameResources(container.resources, known));

function whileApplying(situation: UnderWay): Move {
  const { remedy, container, pod, nowMs } = situation;
  const to = remedy.to ?? container.resources;
  if (!sameResources(container.resources, to)) return resize(remedy, situation, to);
  const trouble = pod.resize.map((condition) => troubleOf(condition, nowMs)).find((found) => found !== null);
  if (trouble !== undefined) return takeBack(situation, trouble.reason, trouble.message);
  if (pod.resize.length === 0 && container.actual !== null && isActuated(container.actual, to))
    return note(
      {
        ...remedy,
        phase: 'Measuring',
        reason: 'InForce',
        message: 'The kubelet says that it is in force; the kernel is asked.',
      },
      SILENCE_MS,
    );
  return sinceApplied(situation) > ACTUATION_MS
    ? takeBack(
        situation,
        'NotActuated',
        `The kubelet did not put it in force within ${ACTUATION_MS / 60_000} min.`,
      )
    : rest(LOOK_AGAIN_MS);
}

interface Trouble {
  readonly reason: string;
  readonly message: string;
}

function troubleOf({ type, reason, message, since }: ResizeCondition, nowMs: number): Trouble | null {
  const lasted = since === null ? 0 : nowMs - Date.parse(since);
  const told = (what: string): Trouble => ({
    reason: what,
    message: `The kubelet says: ${message || reason}`,
  });
  if (type === 'PodResizePending' && reason === 'Infeasible') return told('Infeasible');
  if (type === 'PodResizePending' && lasted > ACTUATION_MS) return told('Deferred');
  return type === 'PodResizeInProgress' && reason === 'Error' && lasted > IN_FORCE_MS
    ? told('ResizeFailed')
    : null;
}

/** Two replicas' clocks may differ by so much. */
const CLOCK_SLACK_MS = 10_000;

/** Times of the future are of a clock that was set back since: they count from now on. */
function withPresentTimes(situation: UnderWay): UnderWay {
  const { remedy, nowMs } = situation;
  const present = (at: string | null): string | null =>
    at !== null && Date.parse(at) > nowMs + CLOCK_SLACK_MS ? isoOf(nowMs) : at;
  return {
    ...situation,
    remedy: { ...remedy, applied_at: present(remedy.applied_at), heard_at: present(remedy.heard_at) },
  };
}

const sinceApplied = ({ remedy, nowMs }: UnderWay): number =>
  nowMs - Date.parse(remedy.applied_at ?? isoOf(nowMs));

function resize(remedy: Remedy, { container }: Situation, to: NonNullable<Remedy['to']>): Move {
  return { kind: 'resize', remedy, patch: resizePatch(container, container.resources, to) };
}

/** The readings that came since the last look, of container and pod both; null where none did. */
function newPair(
  measured: MeasuredPair | null,
  { after, measured_until }: Remedy,
): { readonly container: KernelReading; readonly pod: KernelReading } | null {
  const { container, pod } = measured ?? { container: null, pod: null };
  if (container === null || pod === null) return null;
  const seen = after?.container?.measured_at ?? measured_until;
  // Another one, and not a later one: the node's clock may have been set back.
  return container.measured_at !== seen ? { container, pod } : null;
}

function whileMeasuring(situation: UnderWay, surroundings: Surroundings | null): Move {
  const { whisper, remedy, resource } = situation;
  const pair = newPair(whisper.status?.measured ?? null, remedy);
  if (pair === null) return whileSilent(situation);
  if (isRestarted(situation))
    return takeBack(
      situation,
      'ContainerRestarted',
      'The container was restarted meanwhile: its counters began anew.',
    );
  const isThere = resource === 'cpu' ? cpuInForce(situation, pair) : memoryInForce(situation, pair);
  if (!isThere) {
    return sinceApplied(situation) > IN_FORCE_MS
      ? takeBack(situation, 'NotOnNode', notOnNode(situation, pair))
      : rest(LOOK_AGAIN_MS);
  }
  return resource === 'cpu' ? judgeCpu(situation, pair, surroundings) : judgeMemory(situation, pair);
}

function whileSilent(situation: UnderWay): Move {
  const left = SILENCE_MS - (situation.nowMs - lastHeardMs(situation));
  return left > 0
    ? rest(left)
    : takeBack(
        situation,
        'NotMeasured',
        `No observer measured it for ${SILENCE_MS / 60_000} min: no data is no proof.`,
      );
}

function isRestarted({ remedy, container }: UnderWay): boolean {
  const before = remedy.before?.container ?? null;
  return before !== null && container.id !== null && before.container_id !== container.id;
}

const lastHeardMs = ({ remedy }: UnderWay): number =>
  Math.max(...[remedy.applied_at, remedy.heard_at].map((at) => (at === null ? 0 : Date.parse(at))));

type Pair = NonNullable<ReturnType<typeof newPair>>;

const cpuInForce = ({ remedy }: UnderWay, { container, pod }: Pair): boolean =>
  isInForce(amountOf(remedy.to?.cpu_limit ?? null) ?? 0, container, pod) === true;

function memoryInForce({ remedy }: UnderWay, { container, pod }: Pair): boolean {
  const limit = amountOf(remedy.to?.memory_limit ?? null);
  if (limit === null || container.memory_limit_bytes !== limit) return false;
  return pod.memory_limit_bytes === null || pod.memory_limit_bytes >= limit;
}

const notOnNode = ({ resource, remedy }: UnderWay, { container, pod }: Pair): string =>
  resource === 'cpu'
    ? `${remedy.to?.cpu_limit ?? 'The limit'} is not what the node's cgroups have: container ${coresOrNone(container.limit_cores)}, pod ${coresOrNone(pod.limit_cores)}.`
    : `${remedy.to?.memory_limit ?? 'The limit'} is not what the node's cgroups have: container ${container.memory_limit_bytes ?? 'none'}, pod ${pod.memory_limit_bytes ?? 'none'} bytes.`;

const coresOrNone = (cores: number | null): string => (cores === null ? 'none' : coresText(cores));

function judgeCpu(situation: UnderWay, pair: Pair, surroundings: Surroundings | null): Move {
  const { remedy, nowMs } = situation;
  const before = remedy.before?.container ?? null;
  const reading = limitReadingOf(pair.container);
  if (before === null || reading === null || remedy.search === null || surroundings === null)
    return takeBack(situation, 'NotMeasured', 'What is needed to compare before and after was not measured.');
  const seen: Remedy = {
    ...remedy,
    after: pair,
    improvement_percent: improvementPercent(before, pair.container),
    heard_at: isoOf(nowMs),
  };
  const measured = { ...situation, remedy: seen };
  if (isUnknown(surroundings.limitRanges) || isUnknown(surroundings.quotas) || isUnknown(surroundings.node))
    return rest(LOOK_AGAIN_MS);
  if (isComparable(before, pair.container) === false) {
    return sinceApplied(situation) > LOAD_MS
      ? takeBack(
          measured,
          'NotComparable',
          'There was never as much work as before: that it is throttled less proves nothing.',
        )
      : note(
          {
            ...seen,
            reason: 'WaitingForLoad',
            message: 'There is less work than before the change; it is waited for.',
          },
          SILENCE_MS,
        );
  }
  const step = nextStep(searchFrom(remedy.search), reading, {
    ...SEARCH_BOUNDS,
    maxCores: mostCores(situation, surroundings, reading.limitCores),
    minCores: leastCores(situation.container.resources, situation.pod.qosClass),
  });
  return takeStep(measured, step);
}

const mostCores = (
  { pod, container, mandate, resource, remedy }: UnderWay,
  surroundings: Surroundings,
  limitCores: number,
): number =>
  mostOf(
    limitCores,
    mandate.limits.max_increase_percent,
    boundsOf({
      resource,
      pod,
      surroundings,
      limits: mandate.limits,
      current: container.resources,
      originalLimit: amountOf(remedy.original?.cpu_limit ?? null) ?? limitCores,
    }),
  );

function takeStep(situation: UnderWay, step: LimitStep): Move {
  const remedy: Remedy = { ...situation.remedy, search: storedSearch(step.search), message: `${step.why}.` };
  const learned = { ...situation, remedy };
  switch (step.kind) {
    case 'wait':
      return note({ ...remedy, reason: 'MeasuringLonger' }, SILENCE_MS);
    case 'raise':
      return stepTo(learned, step.limitCores, 'Raising') ?? conclude(learned, step.why);
    case 'trim':
      return stepTo(learned, step.limitCores, 'Trimming') ?? conclude(learned, step.why);
    case 'take_back':
      return changeTo(learned, step.limitCores, 'TrimTakenBack');
    case 'leave_alone':
      return takeBack(learned, 'EatsAnyLimit', `${step.why}.`);
    case 'keep':
      return conclude(learned, step.why);
  }
}

/** Another step, now or when the policy allows one; null where it does not allow one within this attempt. */
function stepTo(situation: UnderWay, limitCores: number, reason: string): Move | null {
  const { remedy, mandate, workloadChanges, nowMs } = situation;
  const { max_changes_per_hour: most, min_seconds_between_changes: least } = mandate.limits;
  if (recentChanges(workloadChanges, nowMs).length >= most) return null;
  const waitMs = least * 1000 - sinceApplied(situation);
  if (waitMs <= 0) return changeTo(situation, limitCores, reason);
  // What was learned is not kept: when the time has come, a fresh reading decides.
  const search = situation.whisper.status?.remedy?.search ?? null;
  const message = `${remedy.message} The policy wants ${least} s between two changes.`.slice(0, 1024);
  return note({ ...remedy, search, reason: 'Cooldown', message }, waitMs);
}

function changeTo(situation: UnderWay, limitCores: number, reason: string): Move {
  const { remedy, container, pod, nowMs } = situation;
  const to = withLimit(container.resources, 'cpu', limitCores, pod.qosClass);
  const patch = resizePatch(container, container.resources, to);
  return {
    kind: 'resize',
    patch,
    remedy: {
      ...remedy,
      phase: 'Applying',
      reason,
      from: container.resources,
      to,
      patch: JSON.stringify(patch),
      owner:
        remedy.owner === null
          ? null
          : { ...remedy.owner, patch: JSON.stringify({ spec: { template: patch } }) },
      measured_until: remedy.after?.container?.measured_at ?? null,
      applied_at: isoOf(nowMs),
      changes: withChange(remedy.changes, nowMs),
    },
  };
}

/** The search has come to its end: with a limit under which it is calm, or with what is left of the throttling. */
function conclude(situation: UnderWay, why: string): Move {
  const { remedy } = situation;
  const { improvement_percent: improvement, search } = remedy;
  if (improvement === null)
    return takeBack(
      situation,
      'NotComparable',
      `${why}. Before and after cannot be compared: no data is no proof.`,
    );
  if (search?.lowest_calm_cores != null)
    return end(situation, {
      phase: 'Proven',
      reason: 'Calm',
      message: `${why}. Time withheld per second fell by ${percentText(improvement)}.`,
      pauseMs: null,
    });
  return improvement >= WORTH_KEEPING_PERCENT
    ? end(situation, {
        phase: 'Proven',
        reason: 'Improved',
        message: `${why}. It is still throttled, but time withheld per second fell by ${percentText(improvement)}.`,
        pauseMs: null,
      })
    : takeBack(
        situation,
        'NotImproved',
        `${why}. Time withheld per second fell by ${percentText(Math.max(0, improvement))} only.`,
      );
}

/** Memory is never taken back: under the old limit processes were killed, and lowering it may kill more. */
function judgeMemory(situation: UnderWay, pair: Pair): Move {
  const { whisper, remedy, nowMs } = situation;
  const seen: Remedy = { ...remedy, after: pair, heard_at: isoOf(nowMs) };
  const kills = (whisper.spec.memory?.episode_oom_kills ?? 0) - (remedy.oom_kills_before ?? 0);
  if (kills > 0 || (pair.container.oom_kills ?? 0) > 0)
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

/** Puts back what was before the first step. Memory stays. */
export function takeBack(situation: UnderWay, reason: string, message: string): Move {
  const { remedy, container, nowMs, resource } = situation;
  const original = remedy.original ?? container.resources;
  if (resource === 'memory' && reason !== 'Infeasible' && reason !== 'UndoneByRequest')
    return end(situation, {
      phase: 'SteppedBack',
      reason,
      message: `${message} The limit stays: lowering memory may kill what runs.`,
      pauseMs: HOUR_MS,
    });
  const patch = resizePatch(container, container.resources, original);
  const taking: Remedy = {
    ...remedy,
    phase: 'TakingBack',
    reason,
    message: message.slice(0, 1024),
    from: container.resources,
    to: original,
    patch: JSON.stringify(patch),
    applied_at: isoOf(nowMs),
  };
  if (sameResources(container.resources, original)) return note(taking, 0);
  return { kind: 'resize', remedy: { ...taking, changes: withChange(remedy.changes, nowMs) }, patch };
}

function whileTakingBack(situation: UnderWay): Move {
  const { remedy, container } = situation;
  const original = remedy.original ?? container.resources;
  if (!sameResources(container.resources, original)) {
    return isTouched(situation)
      ? end(situation, {
          phase: 'SteppedBack',
          reason: 'ChangedByOthers',
          message:
            'Someone else changed the resources of the container meanwhile; they are left as they are.',
          pauseMs: HOUR_MS,
        })
      : resize(remedy, situation, original);
  }
  const isThere = container.actual === null || isActuated(container.actual, original);
  if (!isThere && sinceApplied(situation) < ACTUATION_MS) return rest(LOOK_AGAIN_MS);
  const setbacks = remedy.setbacks + 1;
  const pauseMs = HANDS_OFF.has(remedy.reason)
    ? HANDS_OFF_MS
    : backOffMs(situation.mandate.limits.min_seconds_between_changes, setbacks);
  const phase = remedy.reason === 'EatsAnyLimit' ? 'LeftAlone' : 'TakenBack';
  return end(
    { ...situation, remedy: { ...remedy, setbacks } },
    { phase, reason: remedy.reason, message: remedy.message, pauseMs },
  );
}

interface End extends Pick<Remedy, 'phase' | 'reason' | 'message'> {
  /** How long it is left alone; until something asks for it again where null. */
  readonly pauseMs: number | null;
}

function end({ remedy, nowMs }: UnderWay, { phase, reason, message, pauseMs }: End): Move {
  const isProven = phase === 'Proven';
  const leftAloneMs = isProven ? PROVEN_FOR_MS : pauseMs;
  return note(
    {
      ...remedy,
      phase,
      reason,
      message: message.slice(0, 1024),
      setbacks: isProven ? 0 : remedy.setbacks,
      decided_at: isoOf(nowMs),
      next_attempt_at: leftAloneMs === null ? null : isoOf(nowMs + leftAloneMs),
    },
    leftAloneMs,
  );
}
