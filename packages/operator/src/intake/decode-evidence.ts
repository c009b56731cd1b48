import { isLeft } from 'fp-ts/lib/Either.js';
import { decodeObservation, type DecodeFailure, type Rejection } from 'kernel-gossip-types';
import type { PodDirectory } from '../cluster/pod-directory.ts';
import type { Evidence } from '../ledger/evidence.ts';
import type { ParsedBody } from './parse-body.ts';
import { implausibleTime } from './plausible-time.ts';
import { resolveSubject } from './resolve-subject.ts';

export interface IntakeContext {
  /** Null on a machine without Kubernetes. */
  readonly directory: PodDirectory | null;
  /** Named where an observation does not name its source. */
  readonly defaultSource: string;
  readonly nowMs: number;
}

export interface DecodedEvidence {
  /** Each with the index that it had in the request. */
  readonly evidence: readonly (readonly [index: number, Evidence])[];
  readonly rejected: readonly Rejection[];
}

/** Turns what arrived into evidence; what is wrong is told by index and path, and the rest is kept. */
export function decodeEvidence({ items, duplicates }: ParsedBody, context: IntakeContext): DecodedEvidence {
  const evidence: (readonly [number, Evidence])[] = [];
  const rejected: Rejection[] = [];
  items.forEach((item, index) => {
    const twice = duplicates.get(index);
    const result = twice === undefined ? decodeOne(item, context) : [keyTwice(twice)];
    if (Array.isArray(result)) rejected.push(...result.map((failure) => ({ index, ...failure })));
    else evidence.push([index, result]);
  });
  return { evidence, rejected };
}

const keyTwice = (key: string): DecodeFailure => ({
  path: key,
  expected: 'each key once',
  got: 'the key twice',
});

function decodeOne(item: unknown, context: IntakeContext): Evidence | DecodeFailure[] {
  const decoded = decodeObservation(item);
  if (isLeft(decoded)) return [...decoded.left];
  const observation = decoded.right;
  const implausible = implausibleTime(observation.timestamp, context.nowMs);
  if (implausible !== null) return [implausible];
  const subject = resolveSubject(observation, context.directory);
  if (isLeft(subject)) return [subject.left];
  return {
    observation,
    ...subject.right,
    source: observation.source ?? context.defaultSource,
    receivedAtMs: context.nowMs,
  };
}
