import type { HttpRequests, NetworkFlow, TrafficObservation } from 'kernel-gossip-types';
import type { Evidence } from './evidence.ts';
import { START_MS } from './whisper-ledger-testing.ts';

type Subject = Pick<HttpRequests, Exclude<keyof HttpRequests & keyof NetworkFlow, 'type' | 'remote'>>;

const subject = (atSeconds: number): Subject => ({
  pod_name: 'web-1',
  namespace: 'shop',
  container_name: null,
  pod_uid: null,
  container_id: null,
  node_name: null,
  cgroup: null,
  timestamp: new Date(START_MS + atSeconds * 1000).toISOString(),
  source: null,
  provenance: 'measured',
  period_seconds: 60,
  role: 'server',
});

const told = <O extends TrafficObservation>(observation: O, uid: string | null): Evidence<O> => ({
  observation,
  pod: { namespace: 'shop', name: 'web-1', uid, workload: null },
  container: null,
  source: observation.source ?? 'pixie',
  nodeName: null,
  receivedAtMs: Date.parse(observation.timestamp),
});

/** Requests that the pod `web-1` answered in the minute that ended so many seconds after the start. */
export const answered = (
  requests: number,
  atSeconds = 0,
  changes: Partial<HttpRequests> = {},
  uid: string | null = null,
): Evidence<HttpRequests> =>
  told(
    {
      ...subject(atSeconds),
      type: 'http_requests',
      method: 'GET',
      path: '/orders/42',
      status: 200,
      requests,
      p50_ms: null,
      p90_ms: null,
      p99_ms: null,
      remote: 'shop/front-1',
      ...changes,
    },
    uid,
  );

/** What `web-1` and another pod exchanged in the minute that ended so many seconds after the start. */
export const exchanged = (
  sent: number,
  atSeconds = 0,
  changes: Partial<NetworkFlow> = {},
): Evidence<NetworkFlow> =>
  told(
    {
      ...subject(atSeconds),
      type: 'network_flow',
      remote: 'shop/db-0',
      remote_port: 5432,
      protocol: 'pgsql',
      bytes_sent: sent,
      bytes_received: null,
      connections: null,
      ...changes,
    },
    null,
  );
