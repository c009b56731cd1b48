import { createHash } from 'node:crypto';
import {
  templatePath,
  type FlowWindow,
  type HttpRequests,
  type NetworkFlow,
  type RequestWindow,
  type TrafficObservation,
} from 'kernel-gossip-types';
import type { Evidence } from './evidence.ts';

/** A window of a pod's traffic, and of which pod it was: a name may have been another's before. */
export interface TrafficReport<W> {
  readonly id: string;
  readonly podUid: string | null;
  readonly window: W;
}

const ID_BYTES = 12;

/**
 * What tells a report from every other, as it was sent: two paths of one template are two reports, and so are two requests
 * that ended in the same millisecond.
 */
const idOf = (source: string, observation: TrafficObservation): string => {
  const { timestamp, period_seconds, provenance, container_id, container_name, role } = observation;
  const which =
    observation.type === 'http_requests'
      ? [observation.method, observation.path, observation.status, observation.remote]
      : [observation.remote, observation.remote_port, observation.protocol];
  const parts = [observation.type, source, timestamp, period_seconds, provenance];
  return createHash('sha256')
    .update(JSON.stringify([...parts, container_id ?? container_name, role, ...which]))
    .digest()
    .toString('base64url', 0, ID_BYTES);
};

type Common = Pick<RequestWindow & FlowWindow, 'id' | 'source' | 'provenance' | 'from' | 'to' | 'role'>;

function common({ source, observation }: Evidence<TrafficObservation>): Common {
  const endMs = Date.parse(observation.timestamp);
  return {
    id: idOf(source, observation),
    source,
    provenance: observation.provenance,
    from: new Date(endMs - Math.round(observation.period_seconds * 1000)).toISOString(),
    to: new Date(endMs).toISOString(),
    role: observation.role,
  };
}

const reportOf = <W extends { readonly id: string }>({ pod }: Evidence, window: W): TrafficReport<W> => ({
  id: window.id,
  podUid: pod.uid,
  window,
});

/** Requests as they are kept: of their path only the template. */
export const requestReport = (evidence: Evidence<HttpRequests>): TrafficReport<RequestWindow> => {
  const { observation } = evidence;
  return reportOf(evidence, {
    ...common(evidence),
    method: observation.method,
    path: templatePath(observation.path),
    status: observation.status,
    remote: observation.remote,
    requests: observation.requests,
    p50_ms: observation.p50_ms,
    p90_ms: observation.p90_ms,
    p99_ms: observation.p99_ms,
  });
};

export const flowReport = (evidence: Evidence<NetworkFlow>): TrafficReport<FlowWindow> => {
  const { observation } = evidence;
  return reportOf(evidence, {
    ...common(evidence),
    remote: observation.remote,
    remote_port: observation.remote_port,
    protocol: observation.protocol,
    bytes_sent: observation.bytes_sent,
    bytes_received: observation.bytes_received,
    connections: observation.connections,
  });
};

/** More than any number of requests in one window: failures are kept before what is only frequent. */
const FAILURE_WEIGHT = 1e12;

/** What matters more about requests: that they failed, then how many they were. */
export const weightOfRequests = ({ window }: TrafficReport<RequestWindow>): number =>
  ((window.status ?? 0) >= 500 ? FAILURE_WEIGHT : 0) + window.requests;

/** What matters more about a flow: how much it carried. */
export const weightOfFlow = ({ window }: TrafficReport<FlowWindow>): number =>
  (window.bytes_sent ?? 0) + (window.bytes_received ?? 0);
