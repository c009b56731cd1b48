import type { FlowWindow, PodTraffic, RequestWindow } from 'kernel-gossip-types';
import { NOW } from './whispers.ts';

const minutesAgo = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();

/** A minute of answers of the pod `web-1` that ended so many minutes ago. */
export const requestWindow = (ended = 0, changes: Partial<RequestWindow> = {}): RequestWindow => ({
  id: `${ended}/${JSON.stringify(changes)}`,
  source: 'pixie',
  provenance: 'measured',
  from: minutesAgo(ended + 1),
  to: minutesAgo(ended),
  role: 'server',
  method: 'GET',
  path: '/orders/{id}',
  status: 200,
  remote: 'shop/front-1',
  requests: 100,
  p50_ms: null,
  p90_ms: null,
  p99_ms: 30,
  ...changes,
});

export const flowWindow = (ended = 0, changes: Partial<FlowWindow> = {}): FlowWindow => ({
  id: `${ended}/${JSON.stringify(changes)}`,
  source: 'pixie',
  provenance: 'measured',
  from: minutesAgo(ended + 1),
  to: minutesAgo(ended),
  role: 'client',
  remote: 'shop/db-0',
  remote_port: 5432,
  protocol: 'pgsql',
  bytes_sent: 2048,
  bytes_received: null,
  connections: 2,
  ...changes,
});

export const podTraffic = (changes: Partial<PodTraffic> = {}): PodTraffic => ({
  apiVersion: 'kernel.gossip.io/v1alpha1',
  kind: 'PodTraffic',
  namespace: 'shop',
  pod_name: 'web-1',
  pod_uid: null,
  since: minutesAgo(30),
  until: minutesAgo(0),
  requests: [],
  flows: [],
  left_out: 0,
  ...changes,
});
