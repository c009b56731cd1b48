import type * as t from 'io-ts';
import {
  bytes,
  count,
  dnsLabel,
  dnsSubdomain,
  list,
  milliseconds,
  oneOf,
  optional,
  podUid,
  required,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';
import {
  httpMethod,
  httpStatus,
  LONGEST_TEMPLATE,
  portNumber,
  provenance,
  remoteEnd,
  trafficRole,
} from '../observation/index.ts';
import { apiVersion } from '../resource/index.ts';

/** What every report of a pod's traffic says of itself. */
const windowFields = {
  id: required(text(32), 'Tells one report from another: the same on whichever replica it arrived.'),
  source: required(text(63), 'Who saw it.'),
  provenance: required(provenance, 'Measured, synthetic or replayed.'),
  from: required(timestamp, "When its window began, by the source's clock."),
  to: required(timestamp, "When its window ended, by the source's clock."),
  role: required(trafficRole, 'Whether the pod called (client) or was called (server).'),
} as const;

/** Requests of one kind in one window, as one source reported them. */
export const RequestWindow = struct('requests in a window', {
  ...windowFields,
  method: required(httpMethod, 'Method of the requests.'),
  path: required(
    text(LONGEST_TEMPLATE),
    'Template of their path: {id} for what tells one thing from others.',
  ),
  status: optional(httpStatus, 'Status of the answers; absent where there was none, or nobody knows.'),
  remote: optional(remoteEnd, 'The other end.'),
  requests: required(count, 'How many there were.'),
  p50_ms: optional(milliseconds, 'Median of their latency in this window.'),
  p90_ms: optional(milliseconds, '90th percentile of their latency in this window.'),
  p99_ms: optional(milliseconds, '99th percentile of their latency in this window.'),
});
export type RequestWindow = t.TypeOf<typeof RequestWindow>;

/** What a pod and one other end exchanged in one window, as one source reported it. */
export const FlowWindow = struct('a flow in a window', {
  ...windowFields,
  remote: required(remoteEnd, 'The other end.'),
  remote_port: optional(portNumber, "The other end's port."),
  protocol: optional(text(31), 'Protocol that was spoken.'),
  bytes_sent: optional(bytes, 'Bytes that the pod sent.'),
  bytes_received: optional(bytes, 'Bytes that the pod received.'),
  connections: optional(count, 'Connections opened.'),
});
export type FlowWindow = t.TypeOf<typeof FlowWindow>;

/** More than one replica keeps of one pod. */
const MOST_WINDOWS = 10_000;

/**
 * What `GET /api/v1alpha1/namespaces/{namespace}/pods/{pod}/traffic` answers with: what this replica was told of a pod's
 * traffic, window by window. Windows are not put together: counts may be added, percentiles may not.
 */
export const PodTraffic = struct('a PodTraffic', {
  apiVersion: required(apiVersion, 'Group and version.'),
  kind: required(oneOf('PodTraffic'), 'Kind.'),
  namespace: required(dnsLabel, "The pod's namespace."),
  pod_name: required(dnsSubdomain, 'Name of the pod.'),
  pod_uid: optional(podUid, 'UID of the pod; absent where nobody knows it.'),
  since: required(timestamp, 'From when on all that came is here, but for what left_out counts.'),
  until: required(timestamp, "When this was answered, by the operator's clock."),
  requests: required(list(RequestWindow, { maxItems: MOST_WINDOWS }), 'HTTP requests.'),
  flows: required(list(FlowWindow, { maxItems: MOST_WINDOWS }), 'What was exchanged with whom.'),
  left_out: required(
    count,
    'Reports of windows that ended since then and found no room; one that came twice counts twice.',
  ),
});
export type PodTraffic = t.TypeOf<typeof PodTraffic>;
