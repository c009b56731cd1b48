import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import type { Found } from './found-rows.ts';
import { nearestRank, rowsOfSpans } from './rows-of-spans.ts';

const attribute = (key: string, value: string | number) => ({
  key,
  value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
});
const POD = [attribute('k8s.namespace.name', 'shop'), attribute('k8s.pod.name', 'web-1')];
const attributes = (all: Readonly<Record<string, string | number>>) =>
  Object.entries(all).map(([key, value]) => attribute(key, value));

const found = (spans: readonly object[], resource = POD): Found => {
  const result = rowsOfSpans({
    resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }],
  });
  if (isLeft(result)) throw new Error(result.left);
  return result.right;
};
const BEGIN = 1_700_000_000_000_000_000n;
const span = (
  all: Readonly<Record<string, string | number>>,
  { kind = 2, startNs = 0n, ns = 5_000_000n } = {},
) => ({
  kind,
  startTimeUnixNano: String(BEGIN + startNs),
  endTimeUnixNano: String(BEGIN + startNs + ns),
  attributes: attributes(all),
});

it('the nearest rank is a value that was measured, and the smallest that so many do not exceed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const sorted = Float64Array.from(values).sort();
        const rank = nearestRank(sorted, share)!;
        const notAbove = (limit: number) => values.filter((value) => value <= limit).length;
        expect(values).toContain(rank);
        expect(notAbove(rank)).toBeGreaterThanOrEqual(share * values.length - 1e-9);
        const smaller = sorted.filter((value) => value < rank).at(-1);
        if (smaller !== undefined) expect(notAbove(smaller)).toBeLessThan(share * values.length);
      },
    ),
  );
  expect(nearestRank([], 0.5)).toBeNull();
});

it('every request is in one row, and every row spans its requests', () => {
  const spans = fc.array(
    fc.record({
      status: fc.constantFrom(200, 404, 503),
      path: fc.constantFrom('/a', '/b'),
      kind: fc.constantFrom(2, 3),
      startNs: fc.bigInt({ min: 0n, max: 10n ** 10n }),
      ns: fc.bigInt({ min: 0n, max: 10n ** 10n }),
    }),
  );
  fc.assert(
    fc.property(spans, (all) => {
      const { rows, items, ignored, unreadable } = found(
        all.map(({ status, path, ...rest }) =>
          span({ 'http.request.method': 'GET', 'url.path': path, 'http.response.status_code': status }, rest),
        ),
      );
      expect([items, ignored, unreadable]).toEqual([all.length, 0, []]);
      expect(rows.reduce((sum, { row }) => sum + Number(row.requests), 0)).toBe(all.length);
      for (const { row } of rows) {
        const mine = all.filter(
          ({ status, path, kind }) =>
            BigInt(status) === row.status && path === row.path && row.role === (kind === 2 ? 2n : 1n),
        );
        expect(row.requests).toBe(BigInt(mine.length));
        expect(row.first_time).toBe(
          BEGIN + mine.map(({ startNs }) => startNs).reduce((a, b) => (a < b ? a : b)),
        );
        expect(row.time_).toBe(
          BEGIN + mine.map(({ startNs, ns }) => startNs + ns).reduce((a, b) => (a > b ? a : b)),
        );
        expect(row.p99_ns).toBeLessThanOrEqual(Number(row.time_) - Number(row.first_time) + 256);
      }
    }),
  );
});

const rowOf = (all: Readonly<Record<string, string | number>>, kind = 2) =>
  found([span(all, { kind })]).rows[0]?.row;

it('a server is told by its route, and by who called it', () => {
  const server = {
    'http.request.method': 'POST',
    'http.route': '/users/:id',
    'url.path': '/users/17',
    'http.response.status_code': 201,
    'client.address': '203.0.113.9',
    'network.peer.address': '10.0.0.7',
  };
  expect(rowOf(server)).toMatchObject({
    pod: 'shop/web-1',
    role: 2n,
    method: 'POST',
    path: '/users/:id',
    status: 201n,
    remote: '10.0.0.7',
  });
});

it('a client is told by whom it called; of its target only the template of the path stays', () => {
  const client = {
    'http.request.method': 'GET',
    'url.full': 'https://ann:pw@shop.test/users/17?token=secret',
    'server.address': 'shop.test',
  };
  const row = rowOf(client, 3);
  expect(row).toMatchObject({ role: 1n, path: '/users/{id}', status: -1n, remote: 'shop.test' });
  expect(
    JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toMatch(/secret|ann|pw/);
});

it('names that the conventions had before are understood', () => {
  const old = {
    'http.method': 'GET',
    'http.target': '/a?b=1',
    'http.status_code': 200,
    'net.sock.peer.addr': '10.0.0.8',
  };
  expect(rowOf(old)).toMatchObject({ method: 'GET', path: '/a', status: 200n, remote: '10.0.0.8' });
});

it('what is no request of a pod is ignored', () => {
  const http = { 'http.request.method': 'GET', 'url.path': '/' };
  expect(found([span({ 'db.system': 'redis' }), span(http, { kind: 1 })]).ignored).toBe(2);
  expect(found([span(http)], [attribute('service.name', 'web')]).ignored).toBe(1);
});

it('a span that ends before it began cannot be read', () => {
  const http = { 'http.request.method': 'GET', 'url.path': '/' };
  const { unreadable, rows } = found([
    span(http, { ns: -1n }),
    { ...span(http), endTimeUnixNano: '0' },
    span(http),
  ]);
  expect([unreadable.length, rows.length]).toEqual([2, 1]);
});

it('never throws, whatever JSON it is given', { timeout: 60_000 }, () => {
  const spans = fc.array(
    fc.dictionary(fc.constantFrom('kind', 'attributes', 'startTimeUnixNano'), fc.jsonValue()),
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.array(fc.record({ scopeSpans: fc.array(fc.record({ spans })) }))),
      (resourceSpans) => {
        const result = rowsOfSpans({ resourceSpans });
        expect(isLeft(result) || result.right.ignored === result.right.items).toBe(true);
      },
    ),
  );
});
