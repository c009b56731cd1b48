import { isIP } from 'node:net';
import { KINDS, type Kind } from 'kernel-gossip-types';
import { ALL_NAMESPACES, type MayRead } from './access-review.ts';
import { bearerOf, type Denial } from './authenticate.ts';
import { AUDIENCE, type ReviewToken } from './token-review.ts';

/** Where a request to read comes from, and what it says of itself. */
export interface Visit {
  /** Address of the other end of the connection; null once it is closed. */
  readonly remoteAddress: string | null;
  /** Address at which it arrived. */
  readonly localAddress: string | null;
  /** The `Host` header; null where there is none. */
  readonly host: string | null;
  /** Whether the server can be reached from this machine only. */
  readonly isLoopbackOnly: boolean;
  /** Whether a proxy says that it passes the request on. */
  readonly isForwarded: boolean;
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
}

/** What is to be read: objects of these kinds in one namespace, or in all where it is null. */
export interface Reading {
  readonly kinds: readonly Kind[];
  readonly namespace: string | null;
}

/** Says why a visitor may not read something; null where they may. Throws `KG_STORE_UNAVAILABLE` when that cannot be told. */
export type AdmitReader = (visit: Visit, reading: Reading) => Promise<Denial | null>;

/** Who asks for tokens and rights, where somebody does. */
export interface ReaderReviews {
  readonly reviewToken: ReviewToken;
  readonly mayRead: MayRead;
}

const LOOPBACK: readonly (string | null)[] = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];

/** Whether an address is one of the machine itself, which nobody else can reach. */
export const isLoopback = (address: string): boolean =>
  isIP(address) !== 0 && (address === '::1' || /^(::ffff:)?127\./.test(address));

/** Whether a server that listens there can be reached from this machine only. */
export const isLoopbackHost = (host: string): boolean => host === 'localhost' || isLoopback(host);

/**
 * Whether a name can be made to lead here by who owns it: a web page of such a name could read what is served here, as a
 * page of the same origin ("DNS rebinding"). Addresses, names without a dot and `localhost` cannot.
 */
function isRebindable(host: string): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return isIP(name) === 0 && name.includes('.') && !name.endsWith('.localhost');
}

/**
 * Whether a visitor is on this machine, or in this pod. A `kubectl port-forward` is: the kubelet connects to the loopback
 * address of the pod, for those to whom the API server allowed pods/portforward. A sidecar that hands on what came from
 * outside says so, or connects from or to another address (127.0.0.6 and the pod's own in Istio's case).
 */
export const isFromHere = ({ remoteAddress, localAddress, host, isForwarded }: Visit): boolean =>
  LOOPBACK.includes(remoteAddress) &&
  LOOPBACK.includes(localAddress) &&
  !isForwarded &&
  host !== null &&
  !isRebindable(host);

/**
 * Says why a visitor is refused where nobody is asked for a token: on a server for this machine only, a page of a name that
 * was made to lead here would be let in too. Null where it is not refused.
 */
export const refuseRebound = ({
  isLoopbackOnly,
  host,
}: Pick<Visit, 'isLoopbackOnly' | 'host'>): Denial | null =>
  isLoopbackOnly && host !== null && isRebindable(host) ? { status: 403, error: REBOUND } : null;

/** Asks nobody who they are. */
export const admitEveryReader: AdmitReader = (visit) => Promise.resolve(refuseRebound(visit));

/** Lets in who is on this machine, and asks everybody else as `next` does. */
export const admitFromHere =
  (next: AdmitReader): AdmitReader =>
  (visit, reading) =>
    isFromHere(visit) ? Promise.resolve(null) : next(visit, reading);

/** Nobody knows tokens: there is no cluster to ask. */
export const admitNoReader: AdmitReader = () =>
  Promise.resolve({
    status: 403,
    error:
      'findings are told on this machine only, at http://127.0.0.1 or http://localhost; an operator with READ_AUTH=none tells them to everybody who reaches its port',
  });

/** Asks for a token whose owner may list what is read. */
export const admitByToken =
  ({ reviewToken, mayRead }: ReaderReviews): AdmitReader =>
  async ({ authorization }, { kinds, namespace }) => {
    const token = bearerOf(authorization);
    const identity = token === null ? null : await reviewToken(token);
    if (identity === null) return { status: 401, error: token === null ? NO_TOKEN : BAD_TOKEN };
    for (const kind of kinds) {
      const { plural } = KINDS[kind];
      // Who may list in all namespaces may list in each: authorization says so by itself.
      if (await mayRead(identity, plural, namespace ?? ALL_NAMESPACES)) continue;
      const where = namespace === null ? 'in all namespaces' : `in ${namespace}`;
      return {
        status: 403,
        error: `${identity.username} may not list ${plural}.kernel.gossip.io ${where}; the ClusterRole kernel-gossip-view allows it`,
      };
    }
    return null;
  };

const REBOUND =
  'expected a Host that is an address, localhost or a name without a dot: this operator is for its own machine, and a web page of another name could reach it otherwise';
const NO_TOKEN = `expected Authorization: Bearer with a token for the audience ${AUDIENCE}; kubectl port-forward needs none`;
const BAD_TOKEN = `expected a token that is valid now and made for the audience ${AUDIENCE}`;
