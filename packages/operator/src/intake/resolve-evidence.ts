import { setTimeout as sleep } from 'node:timers/promises';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Observation, Rejection } from 'kernel-gossip-types';
import type { Sender } from '../authn/sender.ts';
import type { PodDirectory } from '../cluster/pod-directory.ts';
import type { Evidence } from '../ledger/evidence.ts';
import type { Indexed } from './decode-observations.ts';
import { resolveSubject, type Unresolved } from './resolve-subject.ts';

export interface ResolveContext {
  /** Null on a machine without Kubernetes. */
  readonly directory: PodDirectory | null;
  readonly sender: Sender;
  /** Named where an observation does not name its source. */
  readonly defaultSource: string;
  readonly nowMs: number;
  /** How long a pod or container that is not known yet is waited for. */
  readonly patienceMs: number;
}

export interface ResolvedEvidence {
  readonly evidence: readonly Indexed<Evidence>[];
  readonly rejected: readonly Rejection[];
  /** What this sender may not say. */
  readonly forbidden: readonly Rejection[];
}

const LOOK_AGAIN_MS = 100;

/** Turns observations into evidence: finds out whom each is about, waiting a little for those just born. */
export async function resolveEvidence(
  observations: readonly Indexed<Observation>[],
  context: ResolveContext,
): Promise<ResolvedEvidence> {
  const evidence: Indexed<Evidence>[] = [];
  const deadline = performance.now() + context.patienceMs;
  let open = observations;
  for (;;) {
    const unresolved = resolveOnce(open, context, evidence);
    const left = deadline - performance.now();
    if (left <= 0 || !unresolved.some(({ why }) => why.mayPass)) {
      return {
        evidence,
        rejected: rejectionsOf(unresolved.filter(({ why }) => !why.isForbidden)),
        forbidden: rejectionsOf(unresolved.filter(({ why }) => why.isForbidden)),
      };
    }
    await sleep(Math.min(left, LOOK_AGAIN_MS));
    open = unresolved.map(({ item }) => item);
  }
}

interface StillOpen {
  readonly item: Indexed<Observation>;
  readonly why: Unresolved;
}

const rejectionsOf = (unresolved: readonly StillOpen[]): readonly Rejection[] =>
  unresolved.map(({ item, why }) => ({ index: item[0], ...why.failure }));

function resolveOnce(
  open: readonly Indexed<Observation>[],
  { directory, sender, defaultSource, nowMs }: ResolveContext,
  evidence: Indexed<Evidence>[],
): readonly StillOpen[] {
  const unresolved: StillOpen[] = [];
  for (const item of open) {
    const [index, observation] = item;
    const subject = resolveSubject(observation, directory, sender);
    if (isLeft(subject)) unresolved.push({ item, why: subject.left });
    else {
      const source = observation.source ?? defaultSource;
      evidence.push([index, { observation, ...subject.right, source, receivedAtMs: nowMs }]);
    }
  }
  return unresolved;
}
