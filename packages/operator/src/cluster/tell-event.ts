import { createHash } from 'node:crypto';
import { API_VERSION, isKernelGossipError } from 'kernel-gossip-types';
import { pathOf, type KubeApi } from './kube-api.ts';
import { fieldOf, numberOf } from './raw-fields.ts';

/** An event about a pod, for `kubectl describe pod`. */
export interface PodEventDraft {
  /** One word for machines: what happened. */
  readonly reason: string;
  /** One word for machines: why. */
  readonly action: string;
  readonly type: 'Normal' | 'Warning';
  /** At most 1 KiB. */
  readonly note: string;
  /** The whisper that it belongs to. */
  readonly related: { readonly name: string; readonly uid: string | null };
}

export interface EventPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Writes an event (events.k8s.io/v1). The same one again is counted on the first as a series. Never rejects but when the
 * signal aborts: an event is a courtesy, and what it tells stands on the object.
 */
export type TellEvent = (pod: EventPod, event: PodEventDraft, signal: AbortSignal) => Promise<void>;

const CONTROLLER = 'kernel.gossip.io/remedy';
const HASH_LENGTH = 16;
const LONGEST_POD_PART = 200;

export interface EventTelling {
  readonly api: KubeApi;
  /** Names this replica. */
  readonly instance: string;
  readonly now: () => number;
  readonly failed: (error: unknown) => void;
}

export const eventTeller =
  ({ api, instance, now, failed }: EventTelling): TellEvent =>
  async (pod, event, signal) => {
    const name = nameOf(pod, event);
    const path = pathOf('apis', 'events.k8s.io', 'v1', 'namespaces', pod.namespace, 'events');
    // Kubernetes writes event times with six digits (metav1.MicroTime).
    const at = new Date(now()).toISOString().replace('Z', '000Z');
    try {
      try {
        await api.request({ method: 'POST', path, body: bodyOf({ name, at, pod, event, instance }), signal });
      } catch (error) {
        if (!isKernelGossipError(error, 'KG_STORE_CONFLICT')) throw error;
        await count(api, `${path}/${name}`, at, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      failed(error);
    }
  };

async function count(api: KubeApi, path: string, at: string, signal: AbortSignal): Promise<void> {
  const before = await api.request({ method: 'GET', path, signal });
  const counted = numberOf(fieldOf(before, 'series', 'count')) ?? 1;
  await api.request({
    method: 'PATCH',
    path,
    contentType: 'application/merge-patch+json',
    body: { series: { count: counted + 1, lastObservedTime: at } },
    signal,
  });
}

function nameOf({ name, uid }: EventPod, { reason, action, related }: PodEventDraft): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([uid, related.uid, reason, action]))
    .digest('hex');
  return `${name.slice(0, LONGEST_POD_PART)}.${hash.slice(0, HASH_LENGTH)}`;
}

interface Telling {
  readonly name: string;
  readonly at: string;
  readonly pod: EventPod;
  readonly event: PodEventDraft;
  readonly instance: string;
}

const bodyOf = ({
  name,
  at,
  pod,
  event: { reason, action, type, note, related },
  instance,
}: Telling): unknown => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name, namespace: pod.namespace },
  eventTime: at,
  reportingController: CONTROLLER,
  reportingInstance: instance,
  action,
  reason,
  type,
  note,
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid },
  related: {
    apiVersion: API_VERSION,
    kind: 'KernelWhisper',
    namespace: pod.namespace,
    name: related.name,
    ...(related.uid === null ? {} : { uid: related.uid }),
  },
});
