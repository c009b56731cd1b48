import type { ObservationJson } from 'kernel-gossip-pxl-scripts';
import type {
  About,
  Change,
  KernelWhisper,
  KernelWhisperList,
  PodBirthCertificate,
  PodBirthCertificateList,
  Rejection,
} from 'kernel-gossip-types';
import type { RemedyAccess } from './remedy-access.ts';
import type { PodRef, TrafficAnswer } from './traffic.ts';

/** The kinds that a person reads. */
export interface Findings {
  readonly KernelWhisper: KernelWhisper;
  readonly PodBirthCertificate: PodBirthCertificate;
}
export type FindingResource = keyof Findings;

export interface FindingLists {
  readonly KernelWhisper: KernelWhisperList;
  readonly PodBirthCertificate: PodBirthCertificateList;
}

/** What the operator's intake said to one request. */
export interface SendAnswer {
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
  readonly error: string | null;
  /** Set when the intake was full and asked us to come back after so long. */
  readonly retryAfterMs: number | null;
}

/** What a follower of findings hears: everything there is, then each change; everything again after a gap. */
export type Heard<R> =
  | { readonly type: 'everything'; readonly objects: readonly R[] }
  | { readonly type: 'change'; readonly change: Change & { readonly object: R } }
  | { readonly type: 'interrupted'; readonly why: string };

/** One question of `doctor` about the target, answered. */
export interface Finding {
  readonly question: string;
  /** Null: could not be asked, as something before it failed. */
  readonly ok: boolean | null;
  readonly answer: string;
  /** What to do about a "no". */
  readonly advice: string | null;
}

/** What was asked for; null with the reason where it is not known. */
export type Asked<A> =
  { readonly value: A; readonly why: null } | { readonly value: null; readonly why: string };

/** Which versions are at the other end, each asked for by itself. */
export interface ServerVersions {
  readonly operator: Asked<Pick<About, 'version' | 'store'>>;
  /** Versions of our API that are served, the preferred one first. */
  readonly api: Asked<readonly string[]>;
  /** Null where there is no cluster. */
  readonly kubernetes: Asked<string> | null;
}

/**
 * Whom the command line speaks to: an operator's own API, or a cluster's API server.
 * Methods throw `KG_UNREACHABLE`, `KG_FORBIDDEN`, `KG_NOT_FOUND` and `KG_REFUSED`, and the `KG_STORE_*` of a cluster; their
 * messages say what to do.
 */
export interface Target {
  /** Like "operator at http://127.0.0.1:8080 (--url)". */
  readonly description: string;
  /** The namespace meant where none is named; null: all of them. */
  readonly defaultNamespace: string | null;
  /** Null where there are no pods to change, and so no remedies. */
  readonly remedies: RemedyAccess | null;
  list<K extends FindingResource>(kind: K, namespace: string | null): Promise<FindingLists[K]>;
  /**
   * Goes on through every failure until the signal aborts; throws only when the very first attempt fails. Calls `live`
   * when it is told of all there is: an interruption, if there was one, is over, whether something was missed or not.
   */
  follow<K extends FindingResource>(
    kind: K,
    namespace: string | null,
    signal: AbortSignal,
    live?: () => void,
  ): AsyncGenerator<Heard<Findings[K]>>;
  send(observations: readonly ObservationJson[]): Promise<SendAnswer>;
  /** What was told of a pod's traffic; `KG_NOT_FOUND` where nothing was. */
  traffic(pod: PodRef): Promise<TrafficAnswer>;
  examine(): Promise<readonly Finding[]>;
  /** Never rejects: what could not be asked says so. */
  versions(): Promise<ServerVersions>;
  close(): Promise<void>;
}
