import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { ROWS } from '../testing.ts';
import type { Row } from './cell.ts';
import { httpRequests } from './http-requests.ts';
import { networkFlows } from './network-flows.ts';

const right = (result: ReturnType<typeof httpRequests.observe>) => {
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};
const requests = (changes: Row) =>
  right(httpRequests.observe({ ...ROWS.http_requests, ...changes }, { source: 'pixie' }));
const flow = (changes: Row) =>
  right(networkFlows.observe({ ...ROWS.network_flows, ...changes }, { source: 'pixie' }));

describe('a row about requests', () => {
  it('tells how many there were and how long they took', () => {
    expect(requests({ p50_ns: 2_500_000.5 })).toMatchObject({
      type: 'http_requests',
      role: 'server',
      method: 'GET',
      path: '/orders/{id}',
      status: 503,
      requests: 120,
      p50_ms: 2.500001,
      p90_ms: 20,
      p99_ms: 212.345678,
      remote: 'shop/shop-0',
      period_seconds: 60,
    });
  });

  it('has no id in its path and no query, whatever the script left there', () => {
    expect(requests({ path: '/orders/4711/items?token=secret' })).toMatchObject({
      path: '/orders/{id}/items',
    });
  });

  it.each([-1n, 0n, 999n])('has no status where %i stands', (status) => {
    expect(requests({ status })).toMatchObject({ status: null, requests: 120 });
  });

  it('tells nothing where there were none, or nobody knows who called whom', () => {
    expect(requests({ requests: 0n })).toBeNull();
    expect(requests({ role: 4n })).toBeNull();
  });
});

describe('a row about a flow', () => {
  it('tells what was moved', () => {
    expect(flow({ remote_port: -1n, protocol: '' })).toMatchObject({
      type: 'network_flow',
      role: 'client',
      remote: '10.0.0.7',
      remote_port: null,
      protocol: null,
      bytes_sent: 1_000_000,
      bytes_received: 5_000_000,
      connections: 3,
      period_seconds: 60,
    });
  });

  it('tells nothing where the other end is not known', () => {
    expect(flow({ remote: '' })).toBeNull();
    expect(flow({ role: 4n })).toBeNull();
  });
});
