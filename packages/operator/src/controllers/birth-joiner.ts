import type { PodBirthCertificateSpec } from 'kernel-gossip-types';
import type { ReadEvents } from '../cluster/events.ts';
import type { PodBirth, PodBirths } from '../cluster/pod-births.ts';
import { kubernetesPart, tellsOfEvents } from '../ledger/birth/kubernetes-part.ts';
import type { CertificateLedger } from '../ledger/certificate-ledger.ts';
import type { Keys } from './keys.ts';
import { again, DONE, type Outcome, type Reconcile } from './outcome.ts';

export interface JoinPolicy {
  /** Whether a pod that no kernel evidence came for has a certificate of Kubernetes' times alone. */
  readonly birthsFromApi: boolean;
  /** How long after a pod came up its events are read: kubelet sends them in the background. */
  readonly eventsAfterMs: number;
  /** How long after a pod came up kernel evidence is waited for. */
  readonly evidenceWithinMs: number;
  /** When there is no room for another certificate, how long until it is looked for again. */
  readonly fullForMs: number;
  /** How long after a pod came up its birth is looked after: the API server keeps events for an hour (`--event-ttl`). */
  readonly untilMs: number;
}

export const JOIN_POLICY: Omit<JoinPolicy, 'birthsFromApi'> = {
  eventsAfterMs: 3000,
  evidenceWithinMs: 15_000,
  fullForMs: 60_000,
  untilMs: 3_600_000,
};

export interface JoinerParts {
  readonly births: PodBirths;
  readonly certificates: Pick<CertificateLedger, 'find' | 'hasRoom' | 'join'>;
  readonly readEvents: ReadEvents;
}

/** The UIDs of the pods whose births are looked after. */
export const birthKeys = (births: PodBirths): Keys => ({
  all: () => births.unbornSeen(),
  listen: (listener) => births.listen(listener),
});

/**
 * Joins what Kubernetes says of a birth into its certificate when the pod came up or ended, together with its events,
 * which are read once; and later the name of a container that ran again, whose id kubelet publishes after it began.
 * Pods that were up before anybody watched are left alone.
 */
export const birthJoiner =
  ({ births, certificates, readEvents }: JoinerParts, policy: JoinPolicy): Reconcile =>
  async (uid, signal) => {
    const birth = births.birthOf(uid);
    if (birth === null || !isLookedAfter(birth)) return DONE;
    const certificate = certificates.find(birth.pod);
    if (certificate !== null && tellsOfEvents(certificate)) {
      if (lacksNames(certificate, birth)) await certificates.join(birth.pod, kubernetesPart(birth, null));
      return DONE;
    }
    const hasRoom = certificate !== null || certificates.hasRoom;
    const otherwise = notNow(birth.settledForMs, certificate !== null, hasRoom, policy);
    if (otherwise !== null) return otherwise;
    const events = await readEvents({ namespace: birth.pod.namespace, uid }, signal);
    await certificates.join(birth.pod, kubernetesPart(birth, events));
    return DONE;
  };

/** What is to be done instead of joining; null where it is time. */
function notNow(settledForMs: number, stands: boolean, hasRoom: boolean, policy: JoinPolicy): Outcome | null {
  if (settledForMs >= policy.untilMs) return DONE;
  const waitMs = stands ? policy.eventsAfterMs : policy.evidenceWithinMs;
  if (settledForMs < waitMs) return again(waitMs - settledForMs);
  if (!stands && !policy.birthsFromApi) return DONE;
  return hasRoom ? null : again(policy.fullForMs);
}

type SettledBirth = PodBirth & { readonly settledForMs: number };

const isLookedAfter = (birth: PodBirth): birth is SettledBirth =>
  birth.exists && birth.times.seenUnborn && birth.settledForMs !== null;

const lacksNames = ({ containers }: PodBirthCertificateSpec, { pod }: PodBirth): boolean =>
  (containers ?? []).some(
    ({ container_id: id, container_name: name }) => id !== null && name === null && pod.containers.has(id),
  );
