import { createHash } from 'node:crypto';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decode, GROUP } from 'kernel-gossip-types';
import type { KubeApi } from '../cluster/kube-api.ts';
import { answered } from './answered.ts';
import type { Identity } from './identity.ts';
import { ReviewCache, type Reviewed, type ReviewCacheOptions } from './review-cache.ts';

/**
 * The right to send, as RBAC rules name it: `create` on `observations.kernel.gossip.io`. No such resource is served: like
 * the `use` of a policy or the `bind` of a role, it is a name that only authorization knows.
 */
export const OBSERVATIONS = 'observations';

/** Every namespace, as SubjectAccessReview writes it. */
export const ALL_NAMESPACES = '';

/** Tells whether someone may send observations about the pods of a namespace. Throws `KG_STORE_UNAVAILABLE` when that cannot be told. */
export type MaySend = (identity: Identity, namespace: string) => Promise<boolean>;

/** Tells whether someone may list a resource of ours, named in the plural, in a namespace. Throws as `MaySend` does. */
export type MayRead = (identity: Identity, resource: string, namespace: string) => Promise<boolean>;

interface Right {
  readonly verb: 'create' | 'list';
  readonly resource: string;
  readonly namespace: string;
}

const GRANTED_MS = 60_000;
const REFUSED_MS = 10_000;
const TIMEOUT_MS = 5000;
const PATH = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

const Review = t.type({ status: t.type({ allowed: t.boolean }) });

function isAllowed(body: unknown): boolean {
  const review = decode(Review, body);
  if (isLeft(review)) throw new Error('the answer is no SubjectAccessReview');
  return review.right.status.allowed;
}

/** Asks the cluster's authorization who may send; what it said is kept as long as what a token is worth. */
export function accessReviewer(api: Pick<KubeApi, 'request'>, options: ReviewCacheOptions = {}): MaySend {
  const review = rightReviewer(api, 'the right to send', options);
  return (identity, namespace) => review(identity, { verb: 'create', resource: OBSERVATIONS, namespace });
}

/** The same of who may read. */
export function readReviewer(api: Pick<KubeApi, 'request'>, options: ReviewCacheOptions = {}): MayRead {
  const review = rightReviewer(api, 'the right to read', options);
  return (identity, resource, namespace) => review(identity, { verb: 'list', resource, namespace });
}

function rightReviewer(
  api: Pick<KubeApi, 'request'>,
  what: string,
  options: ReviewCacheOptions,
): (identity: Identity, right: Right) => Promise<boolean> {
  const cache = new ReviewCache<boolean>(options);
  const review = async (identity: Identity, right: Right): Promise<Reviewed<boolean>> => {
    const { username, uid, groups, extra } = identity;
    const resourceAttributes = { group: GROUP, ...right };
    const answer = await answered(what, async () =>
      isAllowed(
        await api.request({
          method: 'POST',
          path: PATH,
          timeoutMs: TIMEOUT_MS,
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            spec: { user: username, ...(uid === null ? {} : { uid }), groups, extra, resourceAttributes },
          },
        }),
      ),
    );
    return { answer, granted: answer, keepMs: answer ? GRANTED_MS : REFUSED_MS };
  };
  return (identity, right) => {
    const key = createHash('sha256')
      .update(JSON.stringify([identity, right]))
      .digest('base64');
    return cache.get(key, () => review(identity, right));
  };
}
