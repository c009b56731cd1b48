import type { Row } from './tables/cell.ts';

export const ID = '0123456789abcdef'.repeat(4);

const SECOND = 1_000_000_000n;
/** 2026-01-01T00:00:00Z. */
export const ZERO_NS = 1_767_225_600n * SECOND;
/** So many seconds after `ZERO_NS`. */
export const at = (seconds: number): bigint => ZERO_NS + BigInt(Math.round(seconds * 1e3)) * 1_000_000n;

const container = { pod: 'shop/web-1', node: 'node-1', container: 'app', container_id: ID } as const;
const pod = { pod: 'shop/web-1', node: 'node-1' } as const;

/** A row of each table that tells something, with cells as they come over gRPC. */
export const ROWS = {
  cpu_throttle: {
    ...container,
    cgroup_id: 4711n,
    first_time: at(0),
    time_: at(30),
    quota_ns: 50_000_000n,
    period_ns: 100_000_000n,
    nr_periods_first: 1000n,
    nr_periods_last: 1300n,
    nr_throttled_first: 500n,
    nr_throttled_last: 740n,
    throttled_ns_first: 7_000_000_000n,
    throttled_ns_last: 19_000_000_000n,
    cpu_ns: 14_400_000_000n,
    cpu_window_ns: 29_000_000_000n,
  },
  pod_creation: {
    ...container,
    time_: at(3),
    began_time: at(2.5),
    program: '/bin/app',
    total_syscalls: 847n,
    duration_ns: 500_000_000n,
    namespaces: 6n,
    mounts: 31n,
    cgroups_created: 2n,
    cgroup_writes: 23n,
  },
  memory_pressure: {
    ...container,
    first_time: at(0),
    time_: at(30),
    usage_bytes: 96n << 20n,
    limit_bytes: 100n << 20n,
    rss_bytes: 95n << 20n,
    major_faults: 12n,
    oom_kills: 1n,
  },
  network_issue: {
    ...pod,
    first_time: at(0),
    time_: at(60),
    symptom: 'retransmits',
    failed: 25n,
    attempted: 200n,
    remote: 'shop/db-0',
    latency_ns: 1_500_000n,
  },
  http_requests: {
    ...pod,
    first_time: at(0),
    time_: at(60),
    role: 2n,
    method: 'GET',
    path: '/orders/{id}',
    status: 503n,
    requests: 120n,
    p50_ns: 2_000_000n,
    p90_ns: 20_000_000n,
    p99_ns: 212_345_678n,
    remote: 'shop/shop-0',
  },
  network_flows: {
    ...pod,
    first_time: at(0),
    time_: at(60),
    role: 1n,
    remote: '10.0.0.7',
    remote_port: 5432n,
    protocol: 'PostgreSQL',
    bytes_sent: 1_000_000n,
    bytes_received: 5_000_000n,
    connections: 3n,
  },
} as const satisfies Readonly<Record<string, Row>>;
