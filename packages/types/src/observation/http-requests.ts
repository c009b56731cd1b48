import type * as t from 'io-ts';
import { count, milliseconds, oneOf, optional, required, seconds, struct, text } from '../codec/index.ts';
import { subjectChecks, subjectFields } from './common.ts';
import { httpMethod, httpStatus, remoteEnd, trafficRole } from './traffic.ts';

/** Longest path taken, its query included: as long as all headers together that Node's server takes. */
const LONGEST_PATH = 16_384;

/**
 * Requests of one kind that a pod answered (`server`) or sent (`client`) in one window. It opens no whisper. Bodies and
 * headers are not asked for, and of the path only its template is kept (`templatePath`).
 */
export const HttpRequests = struct(
  'an http_requests observation',
  {
    type: required(oneOf('http_requests'), 'Kind of the observation.'),
    ...subjectFields,
    period_seconds: required(seconds, 'Length of the window that the figures cover; it ended at timestamp.'),
    role: required(trafficRole, 'Whether the pod sent the requests (client) or answered them (server).'),
    method: required(httpMethod, 'Method of the requests.'),
    path: required(text(LONGEST_PATH), 'Path of the requests. Its query is dropped, ids in it become {id}.'),
    status: optional(httpStatus, 'Status of the answers; absent where there was none, or nobody knows.'),
    requests: required(count, 'How many requests of this kind there were in the window.'),
    p50_ms: optional(milliseconds, 'Median of their latency in the window.'),
    p90_ms: optional(milliseconds, '90th percentile of their latency in the window.'),
    p99_ms: optional(milliseconds, '99th percentile of their latency in the window.'),
    remote: optional(remoteEnd, 'The other end: namespace/pod, a service, or an address.'),
  },
  { checks: subjectChecks },
);
export type HttpRequests = t.TypeOf<typeof HttpRequests>;
