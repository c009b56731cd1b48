import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { nodeOf } from './identity.ts';
import type { Sender } from './sender.ts';
import { AUDIENCE, type ReviewToken } from './token-review.ts';

/** Why a request is not looked at. 401: nobody knows who sent it. 403: it is known, and not enough. */
export interface Denial {
  readonly status: 401 | 403;
  readonly error: string;
}

/** Finds out who sent a request, by its `Authorization` header. Throws `KG_STORE_UNAVAILABLE` when that cannot be told. */
export type Authenticate = (authorization: string | undefined) => Promise<Either<Denial, Sender>>;

/** Asks nobody. */
export const admitAnyone: Authenticate = () => Promise.resolve(right({ kind: 'anyone' }));

/** `Bearer` and a token, as RFC 6750, 2.1, writes them; the scheme in any case (RFC 9110, 11.1). */
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

/** The token in an `Authorization` header; null where there is none. */
export const bearerOf = (authorization: string | undefined): string | null =>
  BEARER.exec(authorization ?? '')?.[1] ?? null;

const unknown = (error: string): Either<Denial, never> => left({ status: 401, error });

export interface TokenAuthentication {
  readonly reviewToken: ReviewToken;
  /** The user name of the observers' service account. */
  readonly observer: string;
}

/** Asks for a token. That of an observer must name the node it runs on; whoever else has one is judged by RBAC later. */
export const authenticateByToken =
  ({ reviewToken, observer }: TokenAuthentication): Authenticate =>
  async (authorization) => {
    const token = bearerOf(authorization);
    if (token === null)
      return unknown(
        `expected Authorization: Bearer with a service account's token for the audience ${AUDIENCE}`,
      );
    const identity = await reviewToken(token);
    if (identity === null)
      return unknown(`expected a token that is valid and made for the audience ${AUDIENCE}`);
    if (identity.username !== observer) return right({ kind: 'account', identity });
    const nodeName = nodeOf(identity);
    if (nodeName !== null) return right({ kind: 'observer', nodeName });
    return left({
      status: 403,
      error:
        "expected an observer's token to name its node: it must be bound to the observer's pod, as a projected volume's is (Kubernetes 1.30 or newer)",
    });
  };

/** `namespace/name` of a service account as its tokens name it. */
export const usernameOf = (serviceAccount: string): string =>
  `system:serviceaccount:${serviceAccount.replace('/', ':')}`;
