import { isLeft } from 'fp-ts/lib/Either.js';
import { decodeObservation, type DecodeFailure, type Observation, type Rejection } from 'kernel-gossip-types';
import type { ParsedBody } from './parse-body.ts';
import { implausibleTime } from './plausible-time.ts';

/** Something with the index that its observation had in the request. */
export type Indexed<T> = readonly [index: number, value: T];

export interface DecodedObservations {
  readonly observations: readonly Indexed<Observation>[];
  readonly rejected: readonly Rejection[];
}

/**
 * Turns what arrived into observations; what is wrong is told by index and path, and the rest is kept. The first `skip` are
 * left out: they were taken before.
 */
export function decodeObservations(
  { items, duplicates }: ParsedBody,
  nowMs: number,
  skip: number,
): DecodedObservations {
  const observations: Indexed<Observation>[] = [];
  const rejected: Rejection[] = [];
  items.forEach((item, index) => {
    if (index < skip) return;
    const twice = duplicates.get(index);
    const result = twice === undefined ? decodeOne(item, nowMs) : [keyTwice(twice)];
    if ('type' in result) observations.push([index, result]);
    else rejected.push(...result.map((failure) => ({ index, ...failure })));
  });
  return { observations, rejected };
}

const keyTwice = (key: string): DecodeFailure => ({
  path: key,
  expected: 'each key once',
  got: 'the key twice',
});

function decodeOne(item: unknown, nowMs: number): Observation | readonly DecodeFailure[] {
  const decoded = decodeObservation(item);
  if (isLeft(decoded)) return decoded.left;
  const implausible = implausibleTime(decoded.right.timestamp, nowMs);
  return implausible === null ? decoded.right : [implausible];
}
