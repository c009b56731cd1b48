import { type DecodeFailure, type Observation, show } from 'kernel-gossip-types';
import type { KnownPod } from '../cluster/pod-directory.ts';
import type { Sender } from './sender.ts';

/** Why a sender may not say what it said. */
export interface Forbidden {
  readonly failure: DecodeFailure;
  /** Whether the cluster may know in a moment what would allow it: a watch lags behind a pod that just began. */
  readonly mayPass: boolean;
}

type Claim = Pick<Observation, 'pod_uid' | 'pod_name' | 'node_name'>;

/**
 * Whether a sender may speak about a pod, as far as nodes decide that: an observer about those of its own node. `pod` is
 * the one that the observation was found to be about, null where the cluster knows none. Null means it may.
 */
export function authorise(
  sender: Sender,
  pod: Pick<KnownPod, 'nodeName'> | null,
  claim: Claim,
): Forbidden | null {
  if (sender.kind !== 'observer') return null;
  const { nodeName } = sender;
  if (claim.node_name !== null && claim.node_name !== nodeName) {
    const expected = `${nodeName}, the node that the token names`;
    return { mayPass: false, failure: { path: 'node_name', expected, got: show(claim.node_name) } };
  }
  if (pod !== null && pod.nodeName === nodeName) return null;
  const [path, got] = claim.pod_uid === null ? ['pod_name', claim.pod_name] : ['pod_uid', claim.pod_uid];
  return {
    mayPass: pod?.nodeName == null,
    failure: { path, expected: `a pod of node ${nodeName}`, got: show(got) },
  };
}
