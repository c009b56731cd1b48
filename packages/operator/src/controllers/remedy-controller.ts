import { isDeepStrictEqual } from 'node:util';
import { isKernelGossipError, messageOf, type KernelWhisper, type Remedy } from 'kernel-gossip-types';
import type { PodDirectory } from '../cluster/pod-directory.ts';
import type { ReadPodFacts } from '../cluster/pod-facts.ts';
import type { ResizePod } from '../cluster/resize-pod.ts';
import type { ReadSurroundings } from '../cluster/surroundings.ts';
import type { TellEvent } from '../cluster/tell-event.ts';
import { mandateFor, type Mandate } from '../remedy/mode.ts';
import { asksForSurroundings, isUnderWay, nextMove } from '../remedy/next-move.ts';
import { refusedByApi } from '../remedy/refused-by-api.ts';
import { requestOn } from '../remedy/request.ts';
import { eventOf } from '../remedy/event.ts';
import type { Move, Situation } from '../remedy/situation.ts';
import { refKey, refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { isGoing } from './going.ts';
import { keysOf, type Keys } from './keys.ts';
import { again, DONE, type Outcome, type Reconcile } from './outcome.ts';

/** How pods are looked at and changed. */
export interface RemedyAccess {
  readonly directory: PodDirectory;
  /** The pod as it is now; null where it is gone. */
  readonly readPod: ReadPodFacts;
  readonly readSurroundings: ReadSurroundings;
  readonly resizePod: ResizePod;
  readonly tellEvent: TellEvent;
}

export interface RemedyParts extends RemedyAccess {
  readonly store: Store;
  readonly whispers: ObjectIndex<'KernelWhisper'>;
  readonly policies: ObjectIndex<'RemediationPolicy'>;
  readonly now: () => number;
}

/** A proposal is looked at again after so long, though nothing about it changed: the node may have room now. */
const FRESH_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 1000;

/** What a proposal was made from, so that it is not made again from the same. */
interface Proposed {
  readonly from: readonly unknown[];
  readonly atMs: number;
}

/**
 * Proposes remedies, makes the changes that are allowed, and proves them in the kernel or takes them back. Everything it
 * knows stands on the whispers: whoever leads next goes on where it stopped.
 */
export function remedyController(parts: RemedyParts): Reconcile {
  const proposed = new Map<string, Proposed>();
  return async (key, signal) => {
    const whisper = parts.whispers.get(key);
    if (whisper === null || isGoing(whisper) || !isRemediable(whisper)) {
      proposed.delete(key);
      return DONE;
    }
    const mandate = mandateOn(whisper, parts);
    if (mandate === null) return DONE;
    const next: Proposed = { from: groundsOf(whisper, mandate), atMs: parts.now() };
    const freshMs = freshForMs(whisper, proposed.get(key), next);
    if (freshMs > 0) return whisper.status?.phase === 'Open' ? again(freshMs) : DONE;
    const result = await reconcile(whisper, mandate, parts, signal);
    proposed.set(key, next);
    return result;
  };
}

/** Null where the pod is not known: it is gone, or not of this cluster. */
function mandateOn({ spec, metadata }: KernelWhisper, { directory, policies }: RemedyParts): Mandate | null {
  const known = directory.byUid(spec.pod_uid ?? '');
  if (known === null) return null;
  const { labels, remediation } = known;
  const inNamespace = policies.values().filter((policy) => policy.metadata.namespace === metadata.namespace);
  return mandateFor({ labels, remediation, kind: spec.kind }, inNamespace);
}

const groundsOf = (whisper: KernelWhisper, mandate: Mandate): readonly unknown[] => [
  mandate,
  whisper.status?.phase,
  whisper.spec.kernel_truth?.limit_cores,
  whisper.spec.memory?.episode_oom_kills,
  requestOn(whisper),
];

/** How long a proposal still stands; 0 where it is to be looked at now. */
function freshForMs(whisper: KernelWhisper, before: Proposed | undefined, { from, atMs }: Proposed): number {
  const remedy = whisper.status?.remedy ?? null;
  if (remedy === null || isPressing(whisper, atMs) || before === undefined) return 0;
  if (!isDeepStrictEqual(before.from, from)) return 0;
  return untilNext(whisper, atMs, before.atMs + FRESH_MS - atMs);
}

/** Only what was measured on a container of a pod that is known may lead to a change. */
const isRemediable = ({ spec }: KernelWhisper): boolean =>
  spec.kind !== 'network_issue' &&
  spec.provenance === 'measured' &&
  spec.pod_uid !== null &&
  spec.container_name !== null;

const isPressing = (whisper: KernelWhisper, nowMs: number): boolean => {
  // A person waits: what stood in the way a moment ago, such as too short a window, may not any more.
  if (isUnderWay(whisper) || requestOn(whisper) !== null) return true;
  const remedy = whisper.status?.remedy ?? null;
  if (remedy?.reason === 'MeasuringBefore') return true;
  return remedy?.next_attempt_at != null && Date.parse(remedy.next_attempt_at) <= nowMs;
};

function untilNext({ status }: KernelWhisper, nowMs: number, leftMs: number): number {
  const next = status?.remedy?.next_attempt_at ?? null;
  const untilMs = next === null ? Infinity : Date.parse(next) - nowMs;
  return untilMs > 0 ? Math.min(leftMs, untilMs) : leftMs;
}

async function reconcile(
  whisper: KernelWhisper,
  mandate: Mandate,
  parts: RemedyParts,
  signal: AbortSignal,
): Promise<Outcome> {
  const situation = await situationOf(whisper, mandate, parts, signal);
  if (situation === null) return DONE;
  const surroundings = asksForSurroundings(situation)
    ? await parts.readSurroundings(situation.pod, signal)
    : null;
  return make(nextMove({ ...situation, nowMs: parts.now() }, surroundings), situation, parts, signal);
}

/** Null where the pod, or the container, is no longer there: its whispers go with it. */
async function situationOf(
  whisper: KernelWhisper,
  mandate: Mandate,
  parts: RemedyParts,
  signal: AbortSignal,
): Promise<Situation | null> {
  const { spec } = whisper;
  const pod = await parts.readPod({ namespace: spec.namespace, name: spec.pod_name }, signal);
  const container = pod?.containers.find(({ name }) => name === spec.container_name);
  if (pod === null || container === undefined || pod.uid !== spec.pod_uid || pod.isGoing) return null;
  return {
    whisper,
    mandate,
    pod,
    container,
    resource: spec.kind === 'memory_pressure' ? 'memory' : 'cpu',
    workloadChanges: changesOf(whisper, parts.whispers),
    nowMs: parts.now(),
  };
}

/** Changes to all pods of the workload; to this pod alone where it belongs to none. */
function changesOf({ spec }: KernelWhisper, whispers: ObjectIndex<'KernelWhisper'>): readonly string[] {
  const isOfSame = (other: KernelWhisper['spec']): boolean =>
    other.namespace === spec.namespace &&
    (spec.workload === null
      ? other.pod_uid === spec.pod_uid
      : other.workload?.kind === spec.workload.kind && other.workload.name === spec.workload.name);
  return whispers
    .values()
    .flatMap((other) => (isOfSame(other.spec) ? (other.status?.remedy?.changes ?? []) : []));
}

async function make(
  move: Move,
  situation: Situation,
  parts: RemedyParts,
  signal: AbortSignal,
): Promise<Outcome> {
  if (move.kind === 'rest') return outcome(move.afterMs);
  const written = await write(move.remedy, situation, parts, signal);
  if (move.kind === 'note') return outcome(move.afterMs);
  const { pod } = situation;
  try {
    await parts.resizePod(pod, move.patch, signal);
  } catch (error) {
    const isFinal =
      isKernelGossipError(error, 'KG_STORE_INVALID') || isKernelGossipError(error, 'KG_STORE_FORBIDDEN');
    if (!isFinal) throw error;
    const refused = refusedByApi(move.remedy, messageOf(error), situation.mandate, parts.now());
    await write(refused, { ...situation, whisper: written }, parts, signal);
    return again(
      refused.next_attempt_at === null
        ? LOOK_AGAIN_MS
        : Math.max(0, Date.parse(refused.next_attempt_at) - parts.now()),
    );
  }
  return again(LOOK_AGAIN_MS);
}

const outcome = (afterMs: number | null): Outcome => (afterMs === null ? DONE : again(afterMs));

/** An optimistic lock: a decision was made from this version of the object, and from no later one. */
async function write(
  remedy: Remedy,
  { whisper, pod }: Situation,
  { store, tellEvent }: RemedyParts,
  signal: AbortSignal,
): Promise<KernelWhisper> {
  const written = await store.applyStatus('KernelWhisper', refOf(refKey(whisper.metadata)), {
    manager: 'kernel-gossip-remedy',
    fields: { remedy },
    ...(whisper.metadata.resourceVersion === null
      ? {}
      : { resourceVersion: whisper.metadata.resourceVersion }),
  });
  const event = eventOf(whisper, remedy);
  if (event !== null) await tellEvent(pod, event, signal);
  return written;
}

/** Whispers, and all whispers of a namespace when one of its policies changes. */
export function remedyKeys(
  whispers: ObjectIndex<'KernelWhisper'>,
  policies: ObjectIndex<'RemediationPolicy'>,
): Keys {
  const own = keysOf(whispers);
  return {
    all: () => own.all(),
    listen: (listener) => {
      const stops = [
        own.listen(listener),
        policies.listen(({ object }) => {
          for (const { metadata } of whispers.values())
            if (metadata.namespace === object.metadata.namespace) listener(refKey(metadata));
        }),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
