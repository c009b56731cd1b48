import type { Either } from 'fp-ts/lib/Either.js';
import { decode, failure, type DecodeFailure } from '../codec/index.ts';
import { CpuThrottle } from './cpu-throttle.ts';
import { HttpRequests } from './http-requests.ts';
import { MemoryPressure } from './memory-pressure.ts';
import { NetworkFlow } from './network-flow.ts';
import { NetworkIssue } from './network-issue.ts';
import { PodCreation } from './pod-creation.ts';
import { ResourceMeasurement } from './resource-measurement.ts';

/** One thing a source saw, as it arrives on the wire. */
export type Observation = FindingObservation | ResourceMeasurement | TrafficObservation;
/** An observation that leads to a finding: a whisper or a birth certificate. */
export type FindingObservation = OngoingObservation | PodCreation;
/** An observation of something that lasts: it opens, updates or ends a whisper. */
export type OngoingObservation = CpuThrottle | MemoryPressure | NetworkIssue;
/** An observation of what a pod exchanged with others: it opens nothing. */
export type TrafficObservation = HttpRequests | NetworkFlow;

const codecs = {
  cpu_throttle: CpuThrottle,
  pod_creation: PodCreation,
  memory_pressure: MemoryPressure,
  network_issue: NetworkIssue,
  resource_measurement: ResourceMeasurement,
  http_requests: HttpRequests,
  network_flow: NetworkFlow,
} as const;

export const OBSERVATION_TYPES = Object.keys(codecs) as readonly Observation['type'][];

const isKnownType = (type: unknown): type is Observation['type'] =>
  typeof type === 'string' && Object.hasOwn(codecs, type);

/** Decodes one observation, by its `type` first, so that errors speak of the kind that was meant. */
export function decodeObservation(input: unknown): Either<readonly DecodeFailure[], Observation> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return failure('', 'an observation object', input);
  }
  const type: unknown = Object.hasOwn(input, 'type') ? (input as { readonly type: unknown }).type : undefined;
  return isKnownType(type)
    ? decode<Observation>(codecs[type], input)
    : failure('type', `one of ${OBSERVATION_TYPES.join(', ')}`, type);
}
