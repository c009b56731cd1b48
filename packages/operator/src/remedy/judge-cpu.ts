import type { Remedy } from 'kernel-gossip-types';
import { limitReadingOf } from '../assess/limit-reading.ts';
import { nextStep, type LimitStep } from '../assess/limit-search.ts';
import { percentText } from '../assess/words.ts';
import { isUnknown, type Surroundings } from '../cluster/remedy-facts.ts';
import { amountOf } from './amounts.ts';
import { boundsOf } from './bounds.ts';
import { resizePatch, templatePatch, withLimit } from './change.ts';
import { leastCores, mostOf, SEARCH_BOUNDS } from './first-step.ts';
import type { Pair } from './measured-pair.ts';
import { improvementPercent, isComparable } from './proof.ts';
import { searchFrom, storedSearch } from './search.ts';
import { isoOf, note, recentChanges, rest, send, withChange, type Move } from './situation.ts';
import { takeBack } from './take-back.ts';
import { end, LOOK_AGAIN_MS, SILENCE_MS, sinceApplied, type UnderWay } from './under-way.ts';

/** So long is waited for as much work as there was before. */
const LOAD_MS = 10 * 60_000;

/** Throttling that is still there must have fallen by this much for the change to be worth keeping. */
const WORTH_KEEPING_PERCENT = 50;

/** Compares the kernel's figures before and after, and takes the next step of the search for the limit. */
export function judgeCpu(situation: UnderWay, pair: Pair, surroundings: Surroundings | null): Move {
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
  if (!areBoundsKnown(surroundings))
    return sinceApplied(situation) > LOAD_MS
      ? conclude(measured, 'What bounds the limit could not be found out')
      : rest(LOOK_AGAIN_MS);
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

const areBoundsKnown = ({ limitRanges, quotas, node }: Surroundings): boolean =>
  ![limitRanges, quotas, node].some(isUnknown);

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
      return sinceApplied(situation) > LOAD_MS
        ? takeBack(learned, 'NotComparable', `${step.why}.`)
        : note({ ...remedy, reason: 'MeasuringLonger' }, SILENCE_MS);
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
  const message = `${remedy.message} The policy wants ${least} s between two changes.`;
  return note({ ...remedy, search, reason: 'Cooldown', message }, waitMs);
}

function changeTo(situation: UnderWay, limitCores: number, reason: string): Move {
  const { remedy, container, pod, nowMs } = situation;
  const to = withLimit(container.resources, 'cpu', limitCores, pod.qosClass);
  const patch = resizePatch(container, container.resources, to);
  return send(
    {
      ...remedy,
      phase: 'Applying',
      reason,
      from: container.resources,
      to,
      patch: JSON.stringify(patch),
      owner: remedy.owner === null ? null : { ...remedy.owner, patch: templatePatch(patch) },
      measured_until: remedy.after?.container?.measured_at ?? null,
      applied_at: isoOf(nowMs),
      changes: withChange(remedy.changes, nowMs),
    },
    patch,
  );
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
  if (search?.lowest_calm_cores != null && improvement > 0)
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
