import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type DecodeFailure, type Observation, show } from 'kernel-gossip-types';
import { authorise } from '../authn/authorise.ts';
import type { Sender } from '../authn/sender.ts';
import type { KnownPod, PodDirectory } from '../cluster/pod-directory.ts';
import type { EvidencePod } from '../ledger/evidence.ts';

export interface ResolvedSubject {
  readonly pod: EvidencePod;
  readonly container: string | null;
  readonly nodeName: string | null;
}

/** Why it cannot be told whom an observation is about. */
export interface Unresolved {
  readonly failure: DecodeFailure;
  /** Whether the cluster may know in a moment: a watch lags, and a container's id is published after it started. */
  readonly mayPass: boolean;
  /** Whether it is the sender that is wrong, and not the observation. */
  readonly isForbidden: boolean;
}

/**
 * Finds out whom an observation is about, and whether its sender may speak about it. Without a directory, there is no
 * Kubernetes, and names are taken as given.
 */
export function resolveSubject(
  observation: Observation,
  directory: PodDirectory | null,
  sender: Sender,
): Either<Unresolved, ResolvedSubject> {
  const { pod_name, namespace } = observation;
  const known = directory === null ? null : lookUp(observation, directory);
  const forbidden = authorise(sender, known, observation);
  const refused = forbidden === null ? null : left<Unresolved>({ ...forbidden, isForbidden: true });
  // Before all else about a pod: what else is wrong would tell its sender something about it.
  if (known !== null) return refused ?? fromDirectory(observation, known);
  if (pod_name === null || namespace === null) return left(unknownUid(observation, directory));
  if (refused !== null) return refused;
  return right({
    pod: {
      namespace,
      name: pod_name,
      uid: directory === null ? observation.pod_uid : null,
      workload: null,
    },
    container: observation.container_name,
    nodeName: observation.node_name,
  });
}

const lookUp = (observation: Observation, directory: PodDirectory): KnownPod | null => {
  if (observation.pod_uid !== null) return directory.byUid(observation.pod_uid);
  if (observation.namespace === null || observation.pod_name === null) return null;
  return directory.byName(observation.namespace, observation.pod_name);
};

function fromDirectory(observation: Observation, known: KnownPod): Either<Unresolved, ResolvedSubject> {
  const { pod_name, container_id } = observation;
  if (pod_name !== null && pod_name !== known.name) {
    return left({
      mayPass: false,
      isForbidden: false,
      failure: { path: 'pod_name', expected: `${known.name}, whose UID was given`, got: show(pod_name) },
    });
  }
  const byId = container_id === null ? null : (known.containers.get(container_id) ?? null);
  const container = observation.container_name ?? byId;
  if (container === null && container_id !== null) {
    return left({
      mayPass: true,
      isForbidden: false,
      failure: {
        path: 'container_id',
        expected: `a container of ${known.namespace}/${known.name}`,
        got: show(container_id),
      },
    });
  }
  return right({
    pod: { namespace: known.namespace, name: known.name, uid: known.uid, workload: known.workload },
    container,
    nodeName: observation.node_name ?? known.nodeName,
  });
}

const unknownUid = ({ pod_uid }: Observation, directory: PodDirectory | null): Unresolved => ({
  mayPass: directory !== null,
  isForbidden: false,
  failure: {
    path: 'pod_uid',
    expected:
      directory === null
        ? 'pod_name and namespace beside it: there is no Kubernetes here to look a UID up'
        : 'the UID of a pod of this cluster',
    got: show(pod_uid),
  },
});
