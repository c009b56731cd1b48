import { isKernelGossipError } from 'kernel-gossip-types';
import { pathOf, type KubeApi } from './kube-api.ts';
import { fieldOf, itemsOf, textOf } from './raw-fields.ts';
import { sleep } from './sleep.ts';

/** An event about a pod (events.k8s.io/v1), as far as its birth needs it. */
export interface PodEvent {
  readonly reason: string;
  readonly note: string;
  /** Null where the pod as a whole is meant. */
  readonly containerName: string | null;
  readonly at: string;
  /** How coarse `at` is, in milliseconds: kubelet writes whole seconds, the scheduler microseconds. */
  readonly resolutionMs: number;
}

/** A pod's events, or why they cannot be had. */
export type PodEvents = { readonly events: readonly PodEvent[] } | { readonly missing: string };

/** Reads the events of a pod. Throws what the API throws, but for a missing right, which is an answer. */
export type ReadEvents = (
  pod: { readonly namespace: string; readonly uid: string },
  signal: AbortSignal,
) => Promise<PodEvents>;

export interface EventsOptions {
  /** Time between two readings; 50 ms where not given. */
  readonly paceMs?: number;
  /** How long a refusal is believed; 10 minutes where not given. */
  readonly refusedForMs?: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number;
}

/** Repeated events are one object with a count, so that a birth rarely has more than a dozen. */
const MOST_EVENTS = 100;
const NOT_PERMITTED = 'the operator may not list events';

/** A reader that spaces its requests out, so that many pods that come up together do not become a burst of lists. */
export function podEventReader(api: KubeApi, options: EventsOptions = {}): ReadEvents {
  const { paceMs = 50, refusedForMs = 600_000, now = () => performance.now() } = options;
  let nextAt = 0;
  let refusedUntil = 0;
  return async (pod, signal) => {
    if (now() < refusedUntil) return { missing: NOT_PERMITTED };
    const at = Math.max(now(), nextAt);
    nextAt = at + paceMs;
    await sleep(Math.max(0, at - now()), signal);
    signal.throwIfAborted();
    try {
      return { events: await list(api, pod, signal) };
    } catch (error) {
      if (!isKernelGossipError(error, 'KG_STORE_FORBIDDEN')) throw error;
      refusedUntil = now() + refusedForMs;
      return { missing: NOT_PERMITTED };
    }
  };
}

async function list(
  api: KubeApi,
  { namespace, uid }: { readonly namespace: string; readonly uid: string },
  signal: AbortSignal,
): Promise<readonly PodEvent[]> {
  const answer = await api.request({
    method: 'GET',
    path: pathOf('apis', 'events.k8s.io', 'v1', 'namespaces', namespace, 'events'),
    query: { fieldSelector: `regarding.uid=${uid}`, limit: MOST_EVENTS },
    signal,
  });
  return itemsOf(fieldOf(answer, 'items')).flatMap(eventOf);
}

const CONTAINER_FIELD = /^spec\.\w*[cC]ontainers\{([^}]+)\}$/;

function eventOf(raw: unknown): readonly PodEvent[] {
  const reason = textOf(fieldOf(raw, 'reason'));
  const precise = textOf(fieldOf(raw, 'eventTime'));
  const at = precise ?? textOf(fieldOf(raw, 'deprecatedFirstTimestamp'));
  if (reason === null || at === null || Number.isNaN(Date.parse(at))) return [];
  const field = textOf(fieldOf(raw, 'regarding', 'fieldPath')) ?? '';
  return [
    {
      reason,
      note: textOf(fieldOf(raw, 'note')) ?? '',
      containerName: CONTAINER_FIELD.exec(field)?.[1] ?? null,
      at,
      resolutionMs: precise === null ? 1000 : 0.001,
    },
  ];
}
