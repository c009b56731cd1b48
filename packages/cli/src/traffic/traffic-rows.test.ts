import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flowWindow, requestWindow } from '../testing/traffic.ts';
import { flowRows, requestRows, requestsOf, sumOf, worstOf } from './traffic-rows.ts';

describe('rows of requests', () => {
  test('add counts of windows and keep each percentile with its window', () => {
    const windows = [
      requestWindow(3, { requests: 10, p50_ms: 9, p99_ms: 20 }),
      requestWindow(2, { requests: 20, p50_ms: 1, p99_ms: 90 }),
      requestWindow(1, { requests: 30, p50_ms: 50, p99_ms: null }),
    ];
    const [row, ...others] = requestRows(windows);
    if (row === undefined) throw new Error('no row');
    expect(others).toEqual([]);
    expect(requestsOf(row)).toBe(60);
    expect(worstOf(row)).toMatchObject({ p50_ms: 1, p99_ms: 90 });
    expect((row.toMs - row.fromMs) / 60_000).toBe(3);
    const [unmeasured] = requestRows([requestWindow(0, { p99_ms: null })]);
    expect(unmeasured === undefined ? 'none' : worstOf(unmeasured)).toBeNull();
  });

  test('never mix sources, nor what was measured with what was made up', () => {
    const windows = [
      requestWindow(),
      requestWindow(0, { source: 'otlp' }),
      requestWindow(0, { provenance: 'synthetic' }),
    ];
    expect(requestRows(windows).map(requestsOf)).toEqual([100, 100, 100]);
  });

  test('have failures first, then what is asked most', () => {
    const rows = requestRows([
      requestWindow(0, { path: '/a', requests: 5 }),
      requestWindow(0, { path: '/b', requests: 50 }),
      requestWindow(0, { path: '/c', requests: 1, status: 503 }),
    ]);
    expect(rows.map(({ one }) => one.path)).toEqual(['/c', '/b', '/a']);
  });

  test('lose no request, in whatever order windows come', () => {
    const window = fc
      .record({
        ended: fc.integer({ min: 0, max: 9 }),
        path: fc.constantFrom('/a', '/b'),
        status: fc.constantFrom(null, 200, 500),
        requests: fc.nat({ max: 1000 }),
      })
      .map(({ ended, ...changes }) => requestWindow(ended, changes));
    const shuffled = fc
      .array(window, { maxLength: 30 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    const shown = (windows: Parameters<typeof requestRows>[0]): unknown =>
      requestRows(windows).map((row) => [row.one.path, row.one.status, requestsOf(row)]);
    fc.assert(
      fc.property(shuffled, ([windows, others]) => {
        const total = requestRows(windows).reduce((sum, row) => sum + requestsOf(row), 0);
        expect(total).toBe(windows.reduce((sum, { requests }) => sum + requests, 0));
        expect(shown(others)).toEqual(shown(windows));
      }),
    );
  });
});

describe('rows of flows', () => {
  test('add what was measured, and say nothing of what was not', () => {
    const [row] = flowRows([flowWindow(0), flowWindow(1, { bytes_sent: null, connections: 3 })]);
    if (row === undefined) throw new Error('no row');
    expect(sumOf(row, ({ bytes_sent }) => bytes_sent)).toBe(2048);
    expect(sumOf(row, ({ bytes_received }) => bytes_received)).toBeNull();
    expect(sumOf(row, ({ connections }) => connections)).toBe(5);
  });
});
