import type * as t from 'io-ts';
import { list, podUid, required, struct } from '../codec/index.ts';

/**
 * What `GET /api/v1alpha1/watches` answers an observer with: the pods of its node of whose cgroups, and of those of
 * their containers, it is to send a `resource_measurement` every few seconds.
 */
export const WatchList = struct('a watch list', {
  pod_uids: required(list(podUid, { maxItems: 1000 }), 'UIDs of the pods.'),
});
export type WatchList = t.TypeOf<typeof WatchList>;
