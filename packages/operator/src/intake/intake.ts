import { isLeft } from 'fp-ts/lib/Either.js';
import {
  describeFailure,
  isKernelGossipError,
  KernelGossipError,
  messageOf,
  type Observation,
  type OngoingObservation,
  type PodCreation,
  type ResourceMeasurement,
  type TrafficObservation,
  type Rejection,
  type WebhookAnswer,
} from 'kernel-gossip-types';
import type { MaySend } from '../authn/access-review.ts';
import type { Sender } from '../authn/sender.ts';
import type { PodDirectory } from '../cluster/pod-directory.ts';
import type { CertificateLedger } from '../ledger/certificate-ledger.ts';
import type { Evidence } from '../ledger/evidence.ts';
import type { MeasurementLedger } from '../ledger/measurement-ledger.ts';
import type { TrafficLedger } from '../ledger/traffic-ledger.ts';
import type { Recorded, WhisperLedger } from '../ledger/whisper-ledger.ts';
import { decodeObservations, type Indexed } from './decode-observations.ts';
import type { NumberedStreams, StreamPosition } from './numbered-streams.ts';
import { parseBody, type ParsedBody } from './parse-body.ts';
import { permitEvidence } from './permit-evidence.ts';
import { resolveEvidence } from './resolve-evidence.ts';

export interface IntakeParts {
  readonly whispers: WhisperLedger;
  readonly certificates: CertificateLedger;
  readonly measurements: MeasurementLedger;
  readonly traffic: TrafficLedger;
  readonly directory: PodDirectory | null;
  /** Asked about senders who are known and no observers. */
  readonly maySend: MaySend;
  /** Whether it is known what the store holds: before, what stands would be taken for new. */
  readonly isSynced: () => boolean;
  readonly now: () => number;
  readonly count: IntakeCounter;
  readonly streams: NumberedStreams;
}

/** Told of every observation and what became of it. */
export type IntakeCounter = (
  type: Observation['type'] | 'unknown',
  result: Recorded | 'rejected' | 'failed',
) => void;

/** What a request is answered with. */
export interface IntakeResult {
  readonly status: 202 | 400 | 403;
  readonly answer: WebhookAnswer;
}

/** Where a request comes from. */
export interface Origin {
  readonly sender: Sender;
  /** Named where an observation does not name its source. */
  readonly defaultSource: string;
  /** Null where the sender does not number what it sends. */
  readonly position: StreamPosition | null;
  /** How long a pod that the cluster does not know yet is waited for, in milliseconds; 3 seconds where not given. */
  readonly patienceMs?: number;
}

/** Kubelet publishes a container's id about a second after it started; what we hear of it sooner is worth the wait. */
const IDENTITY_PATIENCE_MS = 3000;

/**
 * Takes one request's observations in. Resolves when all that must be in the store is there. What could not be
 * stored is not acknowledged: the whole request is answered with 503, and sending it again does no harm beyond
 * counting its repeats twice. Of a sender that numbers its observations, those that were taken before count as accepted.
 */
export async function takeIn(body: Uint8Array, origin: Origin, parts: IntakeParts): Promise<IntakeResult> {
  const parsed = parseBody(body);
  if (isLeft(parsed)) {
    parts.count('unknown', 'rejected');
    return { status: 400, answer: refusal(parsed.left) };
  }
  return takeParsed(parsed.right, origin, parts);
}

/** The same for observations that are objects already, however they came. */
export const takeObservations = (
  items: readonly unknown[],
  origin: Origin,
  parts: IntakeParts,
): Promise<IntakeResult> =>
  items.length === 0
    ? Promise.resolve({ status: 202, answer: { accepted: 0, rejected: [], error: null } })
    : takeParsed({ items, duplicates: new Map() }, origin, parts);

async function takeParsed(body: ParsedBody, origin: Origin, parts: IntakeParts): Promise<IntakeResult> {
  if (!parts.isSynced() || parts.directory?.isSynced === false) {
    throw new KernelGossipError(
      'KG_STORE_UNAVAILABLE',
      'the store has not been read yet; send it again in a moment',
    );
  }
  const { sender, position } = origin;
  return parts.streams.take(sender, position, body.items.length, (skip) =>
    takeNew(body, skip, origin, parts),
  );
}

async function takeNew(
  body: ParsedBody,
  skip: number,
  { sender, defaultSource, patienceMs = IDENTITY_PATIENCE_MS }: Origin,
  parts: IntakeParts,
): Promise<IntakeResult> {
  const nowMs = parts.now();
  const decoded = decodeObservations(body, nowMs, skip);
  const resolved = await resolveEvidence(decoded.observations, {
    directory: parts.directory,
    sender,
    defaultSource,
    nowMs,
    patienceMs,
  });
  const permitted = await permitEvidence(resolved.evidence, sender, parts.maySend);
  const unstorable = await recordAll(permitted.evidence, parts);
  const forbidden = [...resolved.forbidden, ...permitted.forbidden];
  const refused = [...decoded.rejected, ...resolved.rejected, ...unstorable, ...forbidden];
  const refusedItems = new Set(refused.map(({ index }) => index));
  refusedItems.forEach(() => {
    parts.count('unknown', 'rejected');
  });
  const accepted = body.items.length - refusedItems.size;
  const rejected = refused.sort((a, b) => a.index - b.index);
  if (accepted > 0) return { status: 202, answer: { accepted, rejected, error: null } };
  // What is forbidden is refused for one reason each.
  const [first] = forbidden;
  return first !== undefined && forbidden.length === refusedItems.size
    ? {
        status: 403,
        answer: { accepted, rejected, error: `not from this sender: ${describeFailure(first)}` },
      }
    : { status: 400, answer: { accepted, rejected, error: 'none of the observations was acceptable' } };
}

/** The answer to a request of which nothing was taken, for a reason that concerns it as a whole. */
export const refusal = (error: string): WebhookAnswer => ({ accepted: 0, rejected: [], error });

/** Records each; returns those that the store itself found wrong. Throws the first failure that sending again may cure. */
async function recordAll(
  evidence: readonly Indexed<Evidence>[],
  parts: IntakeParts,
): Promise<readonly Rejection[]> {
  const waiting: Promise<Rejection | null>[] = [];
  for (const [index, one] of evidence) {
    const recorded = record(one, parts);
    if (typeof recorded === 'string') parts.count(one.observation.type, recorded);
    else waiting.push(settle(index, one, recorded, parts));
  }
  const settled = await Promise.allSettled(waiting);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return settled.flatMap((result) =>
    result.status === 'fulfilled' && result.value !== null ? [result.value] : [],
  );
}

function record(
  evidence: Evidence,
  { whispers, certificates, measurements, traffic }: IntakeParts,
): Recorded | Promise<Recorded> {
  switch (evidence.observation.type) {
    case 'pod_creation':
      return certificates.record(evidence as Evidence<PodCreation>);
    case 'resource_measurement':
      return measurements.record(evidence as Evidence<ResourceMeasurement>);
    case 'http_requests':
    case 'network_flow':
      return traffic.record(evidence as Evidence<TrafficObservation>);
    case 'cpu_throttle':
    case 'memory_pressure':
    case 'network_issue':
      return whispers.record(evidence as Evidence<OngoingObservation>);
  }
}

async function settle(
  index: number,
  { observation, pod }: Evidence,
  recorded: Promise<Recorded>,
  { count }: IntakeParts,
): Promise<Rejection | null> {
  try {
    count(observation.type, await recorded);
    return null;
  } catch (error) {
    if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) {
      return { index, path: 'namespace', expected: 'a namespace of this cluster', got: pod.namespace };
    }
    if (isKernelGossipError(error, 'KG_STORE_INVALID')) {
      return { index, path: '', expected: 'what the store takes', got: error.message.slice(0, 1000) };
    }
    count(observation.type, 'failed');
    if (error instanceof KernelGossipError) throw error;
    throw new KernelGossipError('KG_STORE_UNAVAILABLE', messageOf(error), { cause: error });
  }
}
