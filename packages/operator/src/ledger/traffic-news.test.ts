import { describe, expect, it } from 'vitest';
import type { TrafficSpan, TrafficSummary } from 'kernel-gossip-types';
import { isTrafficNews } from './traffic-news.ts';

const SPAN: TrafficSpan = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-01T00:01:00.000Z',
  requests: 100,
  server_errors: 0,
  server_error_percent: 0,
};

const standing: TrafficSummary = {
  episode: '2026-01-01T00:00:00Z',
  source: 'pixie',
  provenance: 'measured',
  during: SPAN,
  before: null,
  latencies: [
    {
      method: 'GET',
      path: '/',
      requests: 100,
      p99_ms: 100,
      p99_at: SPAN.to,
      before_p99_ms: null,
      before_p99_at: null,
    },
  ],
};

const during = (changes: Partial<TrafficSpan>): Partial<TrafficSummary> => ({
  during: { ...SPAN, ...changes },
});
const slowest = (p99: number): Partial<TrafficSummary> => ({
  latencies: standing.latencies.map((latency) => ({ ...latency, p99_ms: p99 })),
});

describe('a summary of traffic', () => {
  it('is news where there was none', () => {
    expect(isTrafficNews(standing, null)).toBe(true);
  });

  it.each<[string, Partial<TrafficSummary>, boolean]>([
    ['says the same', {}, false],
    ['counts more of the same', during({ requests: 500 }), false],
    ['speaks of another episode', { episode: '2026-01-01T00:00:30Z' }, true],
    ['has the time before', { before: SPAN }, true],
    ['has failures by 5 points more', during({ server_error_percent: 5 }), true],
    ['has failures by 4 points more', during({ server_error_percent: 4 }), false],
    ['is slower by more than a quarter', slowest(126), true],
    ['is slower by less', slowest(124), false],
    ['is of another source that saw as much', { source: 'otlp' }, true],
    ['is of another source that saw less', { source: 'otlp', ...during({ requests: 99 }) }, false],
    ['saw less, and worse', { ...during({ requests: 99 }), ...slowest(900) }, false],
    ['saw less, five minutes later', during({ requests: 9, to: '2026-01-01T00:06:00.000Z' }), true],
  ])('that %s', (_what, changes, isNews) => {
    expect(isTrafficNews({ ...standing, ...changes }, standing)).toBe(isNews);
  });
});
