import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestWindow } from 'kernel-gossip-types';
import { summariseTraffic, type Episode } from './traffic.ts';

const START_MS = Date.parse('2026-01-01T12:00:00Z');
const at = (minute: number): string => new Date(START_MS + minute * 60_000).toISOString();

/** One minute of answers, which ended so many minutes after the episode was detected. */
const minute = (ended: number, changes: Partial<RequestWindow> = {}): RequestWindow => ({
  id: `${ended}`,
  source: 'pixie',
  provenance: 'measured',
  from: at(ended - 1),
  to: at(ended),
  role: 'server',
  method: 'GET',
  path: '/orders/{id}',
  status: 200,
  remote: null,
  requests: 100,
  p50_ms: null,
  p90_ms: null,
  p99_ms: 10,
  ...changes,
});

const EPISODE: Episode = { detectedAt: at(0), endedAt: null };

describe('a summary of traffic', () => {
  it('tells what was answered during the episode, and before it', () => {
    const windows = [
      minute(-1, { p99_ms: 30 }),
      minute(0, { p99_ms: 35 }),
      minute(1, { p99_ms: 800 }),
      minute(2, { p99_ms: 400 }),
      minute(2, { status: 503, requests: 5, p99_ms: null }),
    ];
    expect(summariseTraffic(windows, EPISODE, null)).toEqual({
      episode: at(0),
      source: 'pixie',
      provenance: 'measured',
      during: {
        from: at(0),
        to: at(2),
        requests: 205,
        server_errors: 5,
        server_error_percent: (5 / 205) * 100,
      },
      before: { from: at(-2), to: at(0), requests: 200, server_errors: 0, server_error_percent: 0 },
      latencies: [
        {
          method: 'GET',
          path: '/orders/{id}',
          requests: 205,
          p99_ms: 800,
          p99_at: at(1),
          before_p99_ms: 35,
          before_p99_at: at(0),
        },
      ],
    });
  });

  it('says nothing where nobody told of answers during it', () => {
    expect(summariseTraffic([], EPISODE, null)).toBeNull();
    expect(summariseTraffic([minute(0)], EPISODE, null)).toBeNull();
    expect(summariseTraffic([minute(1, { role: 'client' })], EPISODE, null)).toBeNull();
    expect(summariseTraffic([minute(9)], { detectedAt: at(0), endedAt: at(3) }, null)).toBeNull();
  });

  it('leaves null what was not measured', () => {
    const summary = summariseTraffic([minute(1, { status: null, p99_ms: null })], EPISODE, null);
    expect(summary).toMatchObject({
      during: { requests: 100, server_errors: null, server_error_percent: null },
      before: null,
      latencies: [{ p99_ms: null, p99_at: null, before_p99_ms: null, before_p99_at: null }],
    });
  });

  it('takes the share of failures of the answers whose status was seen', () => {
    const windows = [
      minute(1, { status: 500, requests: 1 }),
      minute(1, { requests: 3 }),
      minute(1, { status: null }),
    ];
    expect(summariseTraffic(windows, EPISODE, null)?.during).toMatchObject({
      requests: 104,
      server_errors: 1,
      server_error_percent: 25,
    });
  });

  it('never adds what two sources say, nor what was measured and what was made up', () => {
    const windows = [
      minute(1, { requests: 10 }),
      minute(1, { source: 'otlp', requests: 11 }),
      minute(1, { provenance: 'synthetic', requests: 9 }),
    ];
    expect(summariseTraffic(windows, EPISODE, null)).toMatchObject({
      source: 'otlp',
      during: { requests: 11 },
    });
  });

  it('tells of the three busiest kinds of request and of the slowest, slowest first', () => {
    const kinds = [
      { path: '/a', requests: 50, p99_ms: 5 },
      { path: '/b', requests: 40, p99_ms: null },
      { path: '/c', requests: 30, p99_ms: 7 },
      { path: '/d', requests: 20, p99_ms: 6 },
      { path: '/slow', requests: 1, p99_ms: 900 },
    ];
    const summary = summariseTraffic(
      kinds.map((kind) => minute(1, kind)),
      EPISODE,
      null,
    );
    expect(summary?.latencies.map(({ path }) => path)).toEqual(['/slow', '/c', '/a', '/b']);
  });

  it('keeps what was known of the time before, of the same episode and source only', () => {
    const known = summariseTraffic([minute(-9, { p99_ms: 20 }), minute(1)], EPISODE, null);
    const later = [minute(20, { p99_ms: 50 })];
    expect(summariseTraffic(later, EPISODE, known)).toMatchObject({
      before: { from: at(-10), to: at(-9), requests: 100 },
      latencies: [{ p99_ms: 50, before_p99_ms: 20, before_p99_at: at(-9) }],
    });
    expect(summariseTraffic(later, { ...EPISODE, detectedAt: at(15) }, known)?.before).toBeNull();
    const other = later.map((window) => ({ ...window, source: 'otlp' }));
    expect(summariseTraffic(other, EPISODE, known)).toMatchObject({
      before: null,
      latencies: [{ before_p99_ms: null }],
    });
  });

  const window = fc
    .record({
      ended: fc.integer({ min: -5, max: 5 }),
      requests: fc.nat({ max: 1000 }),
      p99_ms: fc.option(fc.nat({ max: 1000 })),
      status: fc.constantFrom(null, 200, 404, 500, 503),
      source: fc.constantFrom('pixie', 'otlp'),
      path: fc.constantFrom('/a', '/b', '/c', '/d', '/e'),
    })
    .map(({ ended, ...changes }) => minute(ended, changes));

  it('does not depend on the order of the windows, and its figures stand in them', () => {
    const shuffled = fc
      .array(window, { maxLength: 40 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(shuffled, ([windows, others]) => {
        const summary = summariseTraffic(windows, EPISODE, null);
        expect(summariseTraffic(others, EPISODE, null)).toEqual(summary);
        if (summary === null) return;
        const during = windows.filter(
          ({ source, to }) => source === summary.source && to > EPISODE.detectedAt,
        );
        expect(summary.during.requests).toBe(during.reduce((sum, { requests }) => sum + requests, 0));
        const worst = Math.max(-1, ...during.map(({ p99_ms }) => p99_ms ?? -1));
        expect(summary.latencies[0]?.p99_ms ?? -1).toBe(worst);
        expect(summary.latencies.length).toBeLessThanOrEqual(4);
      }),
    );
  });
});
