import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../codec/index.ts';
import { decodeObservation } from './index.ts';

const throttle = {
  type: 'cpu_throttle',
  pod_name: 'test-pod',
  namespace: 'default',
  container_name: 'main',
  throttle_percentage: 85.5,
  actual_cpu_usage: 1.7,
  reported_cpu_usage: 0.5,
  period_seconds: 60,
  timestamp: '2024-03-15T10:30:00Z',
};
const creation = {
  type: 'pod_creation',
  pod_name: 'test-pod',
  namespace: 'default',
  syscalls: ['clone', 'execve', 'mount', 'open'],
  total_syscalls: 847,
  duration_ms: 2500,
  timestamp: '2024-03-15T10:31:00Z',
};
const failuresOf = (input: unknown): readonly string[] => {
  const result = decodeObservation(input);
  return isLeft(result) ? result.left.map(describeFailure) : [];
};

describe('an observation', () => {
  it.each([throttle, creation])('of the integration guide is taken as documented: $type', (payload) => {
    const result = decodeObservation(payload);
    expect(isRight(result) && result.right).toMatchObject({ ...payload, provenance: 'measured' });
  });

  it('keeps what was not measured as null', () => {
    const result = decodeObservation(throttle);
    expect(isRight(result) && result.right).toMatchObject({
      pod_uid: null,
      nr_periods: null,
      limit_cores: null,
    });
  });

  it('may name its pod by UID alone', () => {
    const { pod_name, namespace, ...rest } = throttle;
    expect(failuresOf({ ...rest, pod_uid: '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11' })).toEqual([]);
    expect(failuresOf(rest)).toEqual([
      'pod_name: expected a pod name (or a pod_uid instead), got nothing',
      'namespace: expected the namespace of pod_name (or a pod_uid instead), got nothing',
    ]);
  });

  it('of an unknown type names the types there are', () => {
    expect(failuresOf({ ...throttle, type: 'cpu' })).toEqual([
      'type: expected one of cpu_throttle, pod_creation, memory_pressure, network_issue, resource_measurement, http_requests, network_flow, got "cpu"',
    ]);
    expect(failuresOf({ type: '__proto__' })).toHaveLength(1);
    expect(failuresOf([])).toEqual(['input: expected an observation object, got a list of 0']);
  });
});
