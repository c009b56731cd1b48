import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import { columnsOf, observationOf, TABLE_NAMES, type Row } from 'kernel-gossip-pxl-scripts';
import { describe, expect, it } from 'vitest';
import { CounterMemory } from './counter-memory.ts';
import { rowsOfMetrics, type FoundInMetrics } from './rows-of-metrics.ts';

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const found = (request: object, memory = new CounterMemory()): FoundInMetrics => {
  const result = rowsOfMetrics(request as Record<string, unknown>, memory.get);
  if (isLeft(result)) throw new Error(result.left);
  return result.right;
};

describe('a row that px.export took apart', () => {
  const TEXTS = ['pod', 'node', 'container', 'container_id'];
  const NAMED: Readonly<Record<string, string>> = {
    node: 'k8s.node.name',
    container: 'k8s.container.name',
    container_id: 'container.id',
  };
  const numbers = fc.bigInt({ min: -1n, max: 2n ** 63n - 1n });

  /** As the scripts' `px.export` does it: texts are attributes of the resource, numbers are gauges. */
  const takenApart = (table: string, row: Row) => {
    const [namespace, pod] = String(row.pod).split('/');
    const texts = Object.entries(row).filter(([, cell]) => typeof cell === 'string');
    const cells = Object.entries(row).filter(
      ([column, cell]) => typeof cell === 'bigint' && column !== 'time_',
    );
    return {
      resource: {
        attributes: [
          attribute('service.name', 'kernel-gossip'),
          attribute('k8s.namespace.name', namespace ?? ''),
          attribute('k8s.pod.name', pod ?? ''),
          ...texts
            .filter(([column]) => column !== 'pod')
            .map(([column, cell]) => attribute(NAMED[column] ?? `kernel_gossip.${column}`, String(cell))),
        ],
      },
      scopeMetrics: [
        {
          metrics: cells.map(([column, cell]) => ({
            name: `kernel_gossip.${table}.${column}`,
            gauge: { dataPoints: [{ timeUnixNano: String(row.time_), asInt: String(cell) }] },
          })),
        },
      ],
    };
  };

  const rows = fc.constantFrom(...TABLE_NAMES).chain((table) => {
    const columns = columnsOf(table).filter((column) => column !== 'time_' && !TEXTS.includes(column));
    const cells = fc.tuple(
      ...columns.map(() => fc.oneof(numbers, fc.string({ minLength: 1, maxLength: 12 }))),
    );
    return fc
      .record({ time: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), cells })
      .map(({ time, cells: values }) => ({
        table,
        row: {
          time_: time,
          pod: 'shop/web-1',
          node: 'node-1',
          container: 'app',
          container_id: 'a'.repeat(64),
          ...Object.fromEntries(columns.map((column, at) => [column, values[at] ?? null])),
        },
      }));
  });

  it('is the same again', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 5 }), (all) => {
        // A row without a number has no data point, and so is not sent.
        const sent = all.filter(({ row }) =>
          Object.entries(row).some(([column, cell]) => typeof cell === 'bigint' && column !== 'time_'),
        );
        const request = { resourceMetrics: sent.map(({ table, row }) => takenApart(table, row)) };
        const { rows: again, unreadable, ignored } = found(request);
        expect(again.map(({ table, row }) => ({ table, row }))).toEqual(sent);
        expect([unreadable, ignored]).toEqual([[], 0]);
      }),
    );
  });

  it('that came as one with another is told from none', () => {
    const row: Row = {
      time_: 5n,
      pod: 'shop/web-1',
      node: '',
      container: '',
      container_id: '',
      requests: 1n,
    };
    const one = takenApart('http_requests', row);
    const [scope] = one.scopeMetrics;
    const merged = { ...one, scopeMetrics: [scope, scope] };
    const { rows: none, unreadable } = found({ resourceMetrics: [merged] });
    expect(none).toEqual([]);
    expect(unreadable).toEqual([{ items: 2, why: expect.stringContaining('got two') as string }]);
  });

  it('of a table that is not ours is ignored', () => {
    const row: Row = { time_: 5n, pod: 'shop/web-1', depth: 3n };
    expect(found({ resourceMetrics: [takenApart('ocean', row)] })).toMatchObject({
      items: 1,
      ignored: 1,
      rows: [],
    });
  });

  it('without a time cannot be read', () => {
    const row: Row = { time_: 0n, pod: 'shop/web-1', requests: 3n };
    const { unreadable } = found({ resourceMetrics: [takenApart('http_requests', row)] });
    expect(unreadable).toEqual([
      { items: 1, why: 'kernel_gossip.http_requests.requests: expected time_unix_nano, got nothing' },
    ]);
  });
});

interface Counted {
  readonly seconds: number;
  readonly periods: bigint;
  readonly throttled: bigint;
  readonly withheldNs: bigint;
}

const sum = (name: string, temporality: number, point: object) => ({
  name,
  sum: { aggregationTemporality: temporality, isMonotonic: true, dataPoints: [point] },
});
const NS = 1_000_000_000n;

/** As the receiver `docker_stats` sends it. */
const dockerStats = ({ seconds, periods, throttled, withheldNs }: Counted, temporality = 2, start = 1n) => {
  const at = (value: bigint) => ({
    timeUnixNano: String(BigInt(seconds) * NS),
    startTimeUnixNano: String(start * NS),
    asInt: String(value),
  });
  return {
    resourceMetrics: [
      {
        resource: {
          attributes: [
            attribute('k8s.namespace.name', 'shop'),
            attribute('k8s.pod.name', 'web-1'),
            attribute('k8s.container.name', 'app'),
          ],
        },
        scopeMetrics: [
          {
            metrics: [
              sum('container.cpu.throttling_data.periods', temporality, at(periods)),
              sum('container.cpu.throttling_data.throttled_periods', temporality, at(throttled)),
              sum('container.cpu.throttling_data.throttled_time', temporality, at(withheldNs)),
            ],
          },
        ],
      },
    ],
  };
};

describe('counters as they stand', () => {
  const steps = fc.array(
    fc.record({
      seconds: fc.integer({ min: 1, max: 600 }),
      periods: fc.bigInt({ min: 0n, max: 1000n }),
      throttled: fc.bigInt({ min: 0n, max: 1000n }),
      withheldNs: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    }),
    { minLength: 1, maxLength: 10 },
  );

  it('are told of once each, without a gap, in one request or in many', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (deltas, isOneRequest) => {
        const readings = deltas.reduce<readonly Counted[]>(
          (all, { seconds, periods, throttled, withheldNs }) => {
            const last = all.at(-1)!;
            return [
              ...all,
              {
                seconds: last.seconds + seconds,
                periods: last.periods + periods,
                throttled: last.throttled + throttled,
                withheldNs: last.withheldNs + withheldNs,
              },
            ];
          },
          [{ seconds: 1_700_000_000, periods: 5n, throttled: 3n, withheldNs: 2n ** 60n }],
        );
        const memory = new CounterMemory();
        const requests = readings.map((reading) => dockerStats(reading));
        const sent = isOneRequest
          ? [{ resourceMetrics: requests.flatMap(({ resourceMetrics }) => resourceMetrics) }]
          : requests;
        const rows = sent.flatMap((request) => {
          const one = found(request, memory);
          memory.remember(one.readings, Date.now());
          return one.rows.map(({ row }) => row);
        });
        expect(rows).toHaveLength(deltas.length);
        rows.forEach((row, at) => {
          expect(row.first_time).toBe(BigInt(readings[at]!.seconds) * NS);
          expect(row.time_).toBe(BigInt(readings[at + 1]!.seconds) * NS);
          expect((row.nr_periods_last as bigint) - (row.nr_periods_first as bigint)).toBe(
            deltas[at]!.periods,
          );
          expect((row.throttled_ns_last as bigint) - (row.throttled_ns_first as bigint)).toBe(
            deltas[at]!.withheldNs,
          );
        });
      }),
    );
  });

  const first: Counted = { seconds: 1_700_000_000, periods: 100n, throttled: 50n, withheldNs: 10n };
  const after = (changes: Partial<Counted>): number => {
    const memory = new CounterMemory();
    memory.remember(found(dockerStats(first), memory).readings, Date.now());
    const next = { ...first, seconds: first.seconds + 10, periods: 200n, throttled: 90n, ...changes };
    return found(dockerStats(next), memory).rows.length;
  };

  it.each([
    ['that went on', {}, 1],
    ['of which one fell', { withheldNs: 9n }, 0],
    ['of a moment before', { seconds: first.seconds - 1 }, 0],
    ['sent again', { seconds: first.seconds }, 0],
    ['of too long a time', { seconds: first.seconds + 601 }, 0],
  ])('%s', (_what, changes, rows) => {
    expect(after(changes)).toBe(rows);
  });

  it('that come late do not take the place of newer ones', () => {
    const memory = new CounterMemory();
    memory.remember(found(dockerStats(first), memory).readings, Date.now());
    memory.remember(
      found(dockerStats({ ...first, seconds: first.seconds - 10, periods: 1n }), memory).readings,
      Date.now(),
    );
    const { rows } = found(dockerStats({ ...first, seconds: first.seconds + 10, periods: 130n }), memory);
    expect(rows[0]?.row.nr_periods_first).toBe(100n);
  });

  it('without all that is needed are ignored', () => {
    const request = dockerStats(first);
    request.resourceMetrics[0]!.scopeMetrics[0]!.metrics.pop();
    expect(found(request)).toMatchObject({ items: 2, ignored: 2, rows: [], readings: new Map() });
  });

  it('of nobody are ignored', () => {
    const request = dockerStats(first);
    request.resourceMetrics[0]!.resource.attributes.pop();
    expect(found(request)).toMatchObject({ items: 3, ignored: 3 });
  });
});

it('deltas need no memory, and must say since when', () => {
  const delta: Counted = { seconds: 1_700_000_060, periods: 600n, throttled: 540n, withheldNs: 30n * NS };
  const { rows, readings } = found(dockerStats(delta, 1, 1_700_000_000n));
  expect(readings.size).toBe(0);
  const [one] = rows;
  expect(observationOf('cpu_throttle', one!.row, { source: one!.source })).toMatchObject({
    right: {
      throttle_percentage: 90,
      period_seconds: 60,
      throttled_seconds: 30,
      source: 'otlp/docker_stats',
    },
  });
  expect(found(dockerStats(delta, 1, 0n)).unreadable).toHaveLength(3);
});

it('a count that is none cannot be read', () => {
  const request = dockerStats({ seconds: 5, periods: -1n, throttled: 0n, withheldNs: 0n });
  expect(found(request).unreadable).toEqual([
    { items: 1, why: 'container.cpu.throttling_data.periods: expected a count >= 0, got -1' },
  ]);
});

it('what the kubelet counts is told apart by its labels, and not by who scraped it', () => {
  const labels = (container: string, more: readonly object[] = []) => [
    attribute('namespace', 'shop'),
    attribute('pod', 'web-1'),
    attribute('container', container),
    attribute('name', 'b'.repeat(64)),
    ...more,
  ];
  const scrape = (seconds: number, factor: number) => {
    const points = (value: number) => ({
      aggregationTemporality: 2,
      dataPoints: ['app', 'POD', ''].map((container) => ({
        attributes: labels(container),
        timeUnixNano: String(BigInt(seconds) * NS),
        asDouble: value * factor,
      })),
    });
    return {
      resourceMetrics: [
        {
          resource: {
            attributes: [
              attribute('k8s.namespace.name', 'monitoring'),
              attribute('k8s.pod.name', 'collector-1'),
              attribute('k8s.node.name', 'node-1'),
            ],
          },
          scopeMetrics: [
            {
              metrics: [
                { name: 'container_cpu_cfs_periods_total', sum: points(600) },
                { name: 'container_cpu_cfs_throttled_periods_total', sum: points(540) },
                { name: 'container_cpu_cfs_throttled_seconds_total', sum: points(30.5) },
                { name: 'container_cpu_usage_seconds_total', sum: points(29.25) },
              ],
            },
          ],
        },
      ],
    };
  };
  const memory = new CounterMemory();
  memory.remember(found(scrape(1_700_000_000, 1), memory).readings, Date.now());
  const { rows, ignored } = found(scrape(1_700_000_060, 2), memory);
  expect([rows.length, ignored]).toEqual([1, 8]);
  expect(observationOf('cpu_throttle', rows[0]!.row, { source: rows[0]!.source })).toMatchObject({
    right: {
      namespace: 'shop',
      pod_name: 'web-1',
      container_name: 'app',
      container_id: 'b'.repeat(64),
      node_name: 'node-1',
      throttle_percentage: 90,
      throttled_seconds: 30.5,
      actual_cpu_usage: 29.25 / 60,
      source: 'otlp/cadvisor',
    },
  });
});

it('finds as many rows as a resource has', () => {
  const dataPoints = Array.from({ length: 150_000 }, (_, n) => ({ timeUnixNano: String(n + 1), asInt: '1' }));
  const name = 'kernel_gossip.cpu_throttle.quota_ns';
  const metrics = [{ name, gauge: { dataPoints } }];
  expect(found({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }).rows).toHaveLength(150_000);
});

it('never throws, whatever JSON it is given, and tells of no data point twice', () => {
  const junk = fc.constantFrom<unknown>(
    null,
    5,
    'x',
    '5',
    true,
    [],
    {},
    [7],
    [{}],
    [{ key: 'a', value: {} }],
  );
  const few = <A>(one: fc.Arbitrary<A>) => fc.array(one, { maxLength: 3 });
  const point = fc.record({ timeUnixNano: junk, asInt: junk, asDouble: junk, attributes: junk });
  const data = fc.record({ dataPoints: fc.oneof(few(point), junk), aggregationTemporality: fc.nat(3) });
  const metric = fc.record({
    name: fc.constantFrom(
      'kernel_gossip.cpu_throttle.quota_ns',
      'container.cpu.throttling_data.periods',
      'container_cpu_cfs_periods_total',
      'x',
    ),
    gauge: fc.oneof(data, junk),
    sum: fc.oneof(data, junk),
  });
  const scope = fc.record({ metrics: fc.oneof(few(metric), junk) });
  const resource = fc.record({ resource: junk, scopeMetrics: fc.oneof(few(scope), junk) });
  fc.assert(
    fc.property(fc.record({ resourceMetrics: fc.oneof(few(resource), junk) }), (message) => {
      const result = rowsOfMetrics(message, () => null);
      if (isLeft(result)) return;
      const { items, ignored, unreadable, rows } = result.right;
      const told = [...unreadable, ...rows].reduce((all, one) => all + one.items, ignored);
      expect(told).toBeLessThanOrEqual(items);
    }),
  );
});
