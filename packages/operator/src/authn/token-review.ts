import { createHash } from 'node:crypto';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decode } from 'kernel-gossip-types';
import type { KubeApi } from '../cluster/kube-api.ts';
import { answered } from './answered.ts';
import type { Identity } from './identity.ts';
import { ReviewCache, type Reviewed, type ReviewCacheOptions } from './review-cache.ts';

/** Whom a token for the webhook must be made for; one for the API server itself is worth nothing here, nor this one there. */
export const AUDIENCE = 'kernel-gossip';

/** Tells whose a token is; null for one that is not valid here. Throws `KG_STORE_UNAVAILABLE` when that cannot be told. */
export type ReviewToken = (token: string) => Promise<Identity | null>;

const GRANTED_MS = 60_000;
const REFUSED_MS = 10_000;
const TIMEOUT_MS = 5000;
const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';

const words = t.readonlyArray(t.string);
/** What Go leaves out when it is empty is absent: `user` of an invalid token is `{}`. */
const Review = t.type({
  status: t.partial({
    authenticated: t.boolean,
    audiences: words,
    user: t.partial({ username: t.string, uid: t.string, groups: words, extra: t.record(t.string, words) }),
  }),
});

/** Whose a token is, from a TokenReview as the API server answered it; null where it is not valid for us. */
function identityIn(body: unknown): Identity | null {
  const review = decode(Review, body);
  if (isLeft(review)) throw new Error('the answer is no TokenReview');
  const { authenticated, audiences, user } = review.right.status;
  // A server that does not know audiences leaves them out; then the token may have been made for somebody else.
  const isForUs = authenticated === true && audiences?.includes(AUDIENCE) === true;
  if (!isForUs || user?.username === undefined) return null;
  const { username, uid = null, groups = [], extra = {} } = user;
  return { username, uid, groups, extra };
}

/**
 * When a token says that it expires (RFC 7519, `exp`), in milliseconds of Unix time; null where it does not say. Only for
 * tokens that were found valid: nothing is verified here.
 */
export function expiryOf(token: string): number | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const exp: unknown = typeof claims === 'object' && claims !== null ? Reflect.get(claims, 'exp') : null;
    return typeof exp === 'number' ? exp * 1000 : null;
  } catch {
    return null;
  }
}

const keepMs = (token: string): number =>
  Math.max(0, Math.min(GRANTED_MS, (expiryOf(token) ?? Infinity) - Date.now()));

/**
 * Checks tokens by the TokenReview API. What it said is kept by the token's hash: a valid one for a minute or until it
 * expires, one that is not for 10 seconds. The token itself is neither kept nor logged.
 */
export function tokenReviewer(api: Pick<KubeApi, 'request'>, options: ReviewCacheOptions = {}): ReviewToken {
  const cache = new ReviewCache<Identity | null>(options);
  const review = async (token: string): Promise<Reviewed<Identity | null>> => {
    const answer = await answered('the token', async () =>
      identityIn(
        await api.request({
          method: 'POST',
          path: PATH,
          timeoutMs: TIMEOUT_MS,
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            spec: { token, audiences: [AUDIENCE] },
          },
        }),
      ),
    );
    return answer === null
      ? { answer, granted: false, keepMs: REFUSED_MS }
      : { answer, granted: true, keepMs: keepMs(token) };
  };
  return (token) => cache.get(createHash('sha256').update(token).digest('base64'), () => review(token));
}
