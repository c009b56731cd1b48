import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decodeObservation, SEVERITIES, type OngoingObservation } from 'kernel-gossip-types';
import { severityOf } from './severity.ts';

function observed(fields: object): OngoingObservation {
  const decoded = decodeObservation({
    pod_name: 'web-1',
    namespace: 'shop',
    timestamp: '2026-01-01T00:00:00Z',
    ...fields,
  });
  if (!isRight(decoded)) throw new Error(JSON.stringify(decoded.left));
  return decoded.right as OngoingObservation;
}

const throttled = (throttle_percentage: number, fields: object = {}) =>
  severityOf(observed({ type: 'cpu_throttle', throttle_percentage, ...fields }));
const short = (fields: object) => severityOf(observed({ type: 'memory_pressure', ...fields }));
const failing = (symptom: string, failure_percentage: number) =>
  severityOf(observed({ type: 'network_issue', symptom, failure_percentage }));

describe('the severity of throttling', () => {
  it.each([
    [100, 'critical'],
    [85.5, 'critical'],
    [80.01, 'critical'],
    [80, 'warning'],
    [50.01, 'warning'],
    [50, 'info'],
    [0, 'info'],
  ])('at %d %% is the documented %s', (percent, severity) => {
    expect(throttled(percent)).toBe(severity);
  });

  it('is info where next to nothing was withheld, but only where that was measured', () => {
    expect(throttled(100, { throttled_seconds: 0.09, period_seconds: 10 })).toBe('info');
    expect(throttled(100, { throttled_seconds: 0.1, period_seconds: 10 })).toBe('critical');
    expect(throttled(100, { throttled_seconds: 0 })).toBe('critical');
    expect(throttled(100, { period_seconds: 10 })).toBe('critical');
  });
});

describe('the severity of want of memory', () => {
  it.each([
    [{ memory_usage_percentage: 85 }, 'critical'],
    [{ memory_usage_percentage: 60 }, 'warning'],
    [{ memory_usage_percentage: 40, stalled_percentage: 12 }, 'warning'],
    [{ memory_usage_percentage: 60, stalled_percentage: 51 }, 'critical'],
    [{ stalled_percentage: 10 }, 'info'],
    [{ oom_kills: 1 }, 'critical'],
    [{ oom_kills: 0 }, 'info'],
  ])('with %j is %s', (fields, severity) => {
    expect(short(fields)).toBe(severity);
  });
});

describe('the severity of network trouble', () => {
  it.each([
    ['retransmits', 25, 'critical'],
    ['retransmits', 12.5, 'critical'],
    ['retransmits', 5, 'warning'],
    ['retransmits', 1, 'info'],
    ['drops', 5, 'warning'],
    ['dns_failures', 2, 'warning'],
    ['dns_failures', 11, 'critical'],
    ['connection_failures', 50, 'warning'],
    ['connection_failures', 51, 'critical'],
    ['resets', 20, 'info'],
    ['resets', 30, 'warning'],
  ])('%s at %d %% is %s', (symptom, percent, severity) => {
    expect(failing(symptom, percent)).toBe(severity);
  });

  it('never falls when the share rises', () => {
    const share = fc.double({ min: 0, max: 100, noNaN: true });
    const symptom = fc.constantFrom('retransmits', 'drops', 'resets', 'dns_failures', 'connection_failures');
    fc.assert(
      fc.property(symptom, share, share, (what, one, other) => {
        const rank = (percent: number) => SEVERITIES.indexOf(failing(what, percent));
        expect(rank(Math.max(one, other))).toBeGreaterThanOrEqual(rank(Math.min(one, other)));
      }),
    );
  });
});
