import { isDeepStrictEqual } from 'node:util';
import type { KernelWhisper } from 'kernel-gossip-types';
import {
  assessWhisper,
  msUntilQuiet,
  type Assessment,
  type AssessmentPolicy,
  type Withholding,
} from '../assess/whisper.ts';
import { refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { DELETION_RATE, deletionBudget } from './deletion-budget.ts';
import { isGoing } from './going.ts';
import { again, DONE, type Outcome, type Reconcile } from './outcome.ts';

export interface WhisperPolicy extends AssessmentPolicy {
  /** A resolved whisper is deleted after this long. */
  readonly keepResolvedMs: number;
  /** What is to be said on a whisper of others that were not opened; absent where all are. */
  readonly withholdingOn?: (whisper: KernelWhisper) => Withholding | null;
}

/** What is said of others may change without any change of the whisper that says it. */
const WITHHOLDING_RECHECK_MS = 30_000;

/**
 * Keeps the status of every whisper what its evidence and the time make of it, and lets go of old resolved ones: not of
 * more at a time than the store bears beside everything else.
 */
export const whisperAssessor = (
  store: Store,
  index: ObjectIndex<'KernelWhisper'>,
  policy: WhisperPolicy,
  now: () => number,
): Reconcile => {
  const msUntilDeletion = deletionBudget(DELETION_RATE, () => performance.now());
  return async (key) => {
    const whisper = index.get(key);
    if (whisper === null || isGoing(whisper)) return DONE;
    const nowMs = now();
    const withholding = policy.withholdingOn?.(whisper) ?? null;
    const assessment = assessWhisper(whisper, policy, nowMs, withholding);
    const expiresMs = expiryOf(assessment, policy);
    if (expiresMs !== null && expiresMs <= nowMs) {
      const waitMs = msUntilDeletion();
      if (waitMs > 0) return again(waitMs);
      await store.delete('KernelWhisper', refOf(key), whisper.metadata.uid ?? undefined);
      return DONE;
    }
    if (!isDeepStrictEqual(assessment, partOf(whisper, assessment))) {
      await store.applyStatus('KernelWhisper', refOf(key), {
        manager: 'kernel-gossip-assessor',
        fields: assessment,
      });
    }
    const recheckMs = withholding === null ? null : nowMs + WITHHOLDING_RECHECK_MS;
    return next(earlier(expiresMs ?? untilQuiet(whisper, policy, nowMs), recheckMs), nowMs);
  };
};

/** The fields of a whisper's status that assessment writes, as they are. */
const partOf = ({ status }: KernelWhisper, assessment: Assessment): unknown =>
  Object.fromEntries(
    Object.keys(assessment).map((field) => [field, status?.[field as keyof Assessment] ?? null]),
  );

/** When a resolved whisper is to go: counted from the moment it was resolved, whoever resolved it. */
function expiryOf({ phase, conditions }: Assessment, { keepResolvedMs }: WhisperPolicy): number | null {
  const ongoing = conditions?.find(({ type }) => type === 'Ongoing');
  if (phase !== 'Resolved' || ongoing === undefined) return null;
  return Date.parse(ongoing.lastTransitionTime) + keepResolvedMs;
}

const untilQuiet = (whisper: KernelWhisper, policy: WhisperPolicy, nowMs: number): number | null => {
  const left = msUntilQuiet(whisper, policy, nowMs);
  return left === null ? null : nowMs + left;
};

const earlier = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

const next = (atMs: number | null, nowMs: number): Outcome => (atMs === null ? DONE : again(atMs - nowMs));
