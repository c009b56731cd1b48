import { Chalk } from 'chalk';
import { describe, expect, test } from 'vitest';
import { NOW, whisper } from '../testing/whispers.ts';
import { trafficStory } from './traffic-story.ts';

const paper = { chalk: new Chalk({ level: 0 }), width: 80, now: NOW };

const traffic = {
  episode: '2024-03-15T10:30:00Z',
  source: 'pixie',
  provenance: 'measured',
  during: {
    from: '2024-03-15T10:30:00Z',
    to: '2024-03-15T10:34:00Z',
    requests: 205,
    server_errors: 5,
    server_error_percent: 2.439,
  },
  before: {
    from: '2024-03-15T10:10:00Z',
    to: '2024-03-15T10:30:00Z',
    requests: 1200,
    server_errors: 0,
    server_error_percent: 0,
  },
  latencies: [
    { method: 'GET', path: '/orders/{id}', requests: 200, p99_ms: 850, before_p99_ms: 35 },
    { method: 'POST', path: '/pay\u001b[2J', requests: 5 },
  ],
};

const told = (changes: Readonly<Record<string, unknown>> = {}): string =>
  trafficStory(whisper({ status: { traffic: { ...traffic, ...changes } } }), paper).join('\n');

describe('what a pod answered while it was throttled', () => {
  test('stands beside what it answered before', () => {
    expect(told()).toMatchInlineSnapshot(`
      "  Meanwhile: while it was throttled, it answered 205 requests, 5xx 2.44% (in
          windows from 5m to 60s ago); before that 1200, 5xx 0% (in windows from 25m
          to 5m ago). From pixie.
          - GET /orders/{id}: 200 answered; p99 of the worst window 850 ms, before 35
            ms
          - POST /pay\\x1b[2J: 5 answered; p99 of the worst window not measured, before
            not measured
          It coincides; that is no proof of cause."
    `);
  });
  test('says what was not measured, and what was made up', () => {
    expect(
      told({
        provenance: 'synthetic',
        during: { ...traffic.during, requests: 1, server_errors: null, server_error_percent: null },
        before: null,
        latencies: [],
      }),
    ).toMatchInlineSnapshot(`
      "  Meanwhile: while it was throttled, it answered 1 request, 5xx not measured
          (in windows from 5m to 60s ago); before that: not measured. From pixie
          (synthetic).
          It coincides; that is no proof of cause."
    `);
  });
  test('is left out where nobody told', () => {
    expect(trafficStory(whisper(), paper)).toEqual([]);
  });
});
