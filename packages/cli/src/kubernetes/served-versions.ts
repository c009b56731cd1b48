import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { pathOf, type KubeApi } from 'kernel-gossip-operator/kubernetes';
import { decode, GROUP, isKernelGossipError } from 'kernel-gossip-types';
import { advised } from './advice.ts';

/** What the API server says of a group of its API (meta/v1, APIGroup). */
const ApiGroup = t.type({
  versions: t.array(t.type({ groupVersion: t.string })),
  preferredVersion: t.type({ groupVersion: t.string }),
});

/** Versions of our resources that the API server serves, the preferred one first; none where there are no CRDs of ours. */
export async function servedVersions(api: KubeApi): Promise<readonly string[]> {
  try {
    const group = decode(ApiGroup, await api.request({ method: 'GET', path: pathOf('apis', GROUP) }));
    if (!isRight(group)) return [];
    const { preferredVersion: preferred, versions } = group.right;
    return [...new Set([preferred, ...versions].map(({ groupVersion }) => groupVersion))];
  } catch (error) {
    if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) return [];
    throw advised(error, api.server);
  }
}
