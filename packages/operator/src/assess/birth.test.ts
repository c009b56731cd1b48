import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { API_VERSION, decode, PodBirthCertificate, PodBirthCertificateStatus } from 'kernel-gossip-types';
import { assessBirth } from './birth.ts';

const NOW_MS = Date.parse('2026-01-01T00:01:00Z');

const birth = (spec: object): PodBirthCertificate => {
  const result = decode(PodBirthCertificate, {
    apiVersion: API_VERSION,
    kind: 'PodBirthCertificate',
    metadata: { name: 'a', namespace: 'shop', generation: 1 },
    spec: {
      pod_name: 'web-1',
      namespace: 'shop',
      recorded_at: '2026-01-01T00:00:10Z',
      began_at: '2026-01-01T00:00:00Z',
      kernel_stats: {},
      ...spec,
    },
  });
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};
const assess = (spec: object) => assessBirth(birth(spec), NOW_MS);

const MEASURED = {
  total_syscalls: 14_560,
  namespaces_created: 7,
  cgroup_writes: 56,
  iptables_rules: 3,
  total_duration_ms: 1000,
  lost_events: 0,
};

const traced = (
  timestamp_ms: number,
  actor: string,
  action: string,
  duration_ms: number | null,
  rest = {},
) => ({
  timestamp_ms,
  actor,
  action,
  duration_ms,
  resolution_ms: 0.001,
  clock: 'node',
  source: 'kgtrace',
  ...rest,
});
const told = (second: number, actor: string, action: string, rest = {}) => ({
  timestamp_ms: second * 1000,
  actor,
  action,
  resolution_ms: 1000,
  clock: actor === 'kubelet' ? 'node' : 'control-plane',
  source: 'pod status',
  ...rest,
});

describe('the slowest phase of a traced birth', () => {
  it('names the container that it was for, and the time of the network plugins in any case', () => {
    const id = '1'.repeat(64);
    const status = assess({
      kernel_stats: MEASURED,
      containers: [{ container_id: id, role: 'sandbox', began_at: '2026-01-01T00:00:00Z' }],
      timeline: [
        traced(0, 'cni', 'run the network plugin bridge', 30, { container_id: id }),
        traced(20, 'cni', 'run the network plugin portmap', 15, { container_id: id }),
        traced(50, 'runtime', 'create the container', 200, { container_id: id }),
        traced(300, 'runtime', 'create the container', 250, { container_name: 'app' }),
      ],
    });
    expect(status.slowest_phase).toEqual({
      actor: 'runtime',
      action: 'create the container (app)',
      duration_ms: 250,
      resolution_ms: null,
      share_percent: 25,
    });
    expect(status.verdict).toBe(
      'Born in 1 s with 14560 system calls; slowest: create the container (app) by runtime, 250 ms (25%); network plugins took 35 ms',
    );
    expect(status.conditions).toMatchObject([{ status: 'True', reason: 'EverythingMeasured' }]);
  });

  it('may be all network plugins together', () => {
    const timeline = [
      traced(0, 'cni', 'run the network plugin bridge', 40),
      traced(40, 'cni', 'run the network plugin portmap', 30),
      traced(70, 'runtime', 'create the container', 60),
    ];
    expect(assess({ kernel_stats: MEASURED, timeline }).verdict).toMatch(
      /slowest: all network plugins by cni, 70 ms \(7%\)$/,
    );
    const unknown = [...timeline, traced(90, 'cni', 'run the network plugin slow', null)];
    expect(assess({ kernel_stats: MEASURED, timeline: unknown }).verdict).toMatch(
      /slowest: create the container by runtime, 60 ms \(6%\)$/,
    );
  });

  it('may be the run of an init container, by the times of the kernel', () => {
    const container = (role: string, name: string, began: string, entered: string) => ({
      role,
      container_name: name,
      began_at: `2026-01-01T00:00:${began}Z`,
      entered_at: `2026-01-01T00:00:${entered}Z`,
    });
    const containers = [
      container('init', 'setup', '00.1', '00.2'),
      container('container', 'app', '05.2', '05.3'),
    ];
    expect(
      assess({ containers, timeline: [traced(0, 'runtime', 'create the container', 90)] }),
    ).toMatchObject({
      slowest_phase: {
        actor: 'kubelet',
        action: 'wait for init container setup',
        duration_ms: 5000,
        share_percent: null,
      },
    });
  });
});

describe("the slowest phase by Kubernetes' own times", () => {
  it('is told with its ± where it is well above the resolution', () => {
    const status = assess({
      timeline: [
        told(0, 'apiserver', 'accept the pod'),
        told(1, 'scheduler', 'assign the pod to a node'),
        told(2, 'kubelet', 'report the container started', { container_name: 'setup' }),
        told(14, 'kubelet', 'report the init container ended', { container_name: 'setup' }),
        told(15, 'kubelet', 'report the container started', { container_name: 'app' }),
        told(16, 'kubelet', 'report the pod ready'),
      ],
    });
    expect(status.slowest_phase).toMatchObject({
      duration_ms: 12_000,
      resolution_ms: 1000,
      share_percent: null,
    });
    expect(status.verdict).toBe(
      'How long the birth took was not measured; slowest: wait for init container setup by kubelet, 12 s ±1 s',
    );
  });

  it.each([
    [
      'that is not',
      [told(0, 'apiserver', 'accept the pod'), told(4, 'scheduler', 'assign the pod to a node')],
    ],
    [
      'between two clocks is none',
      [
        told(0, 'apiserver', 'accept the pod', { clock: 'node' }),
        told(20, 'scheduler', 'assign the pod to a node'),
      ],
    ],
    ['that has but one end is none', [told(20, 'scheduler', 'assign the pod to a node')]],
  ])('%s', (_what, timeline) => {
    expect(assess({ timeline }).slowest_phase).toBeNull();
  });

  it('may be the wait for a node, or for the pod to be ready', () => {
    const waited = [told(0, 'apiserver', 'accept the pod'), told(9, 'scheduler', 'assign the pod to a node')];
    expect(assess({ timeline: waited }).slowest_phase).toMatchObject({ action: 'wait for a node' });
    const unready = [
      told(1, 'kubelet', 'report the container started', { container_name: 'app' }),
      told(31, 'kubelet', 'report the pod ready'),
    ];
    expect(assess({ timeline: unready }).slowest_phase).toMatchObject({
      action: 'wait for the pod to be ready',
      duration_ms: 30_000,
    });
  });
});

describe('whether a birth is complete', () => {
  const condition = (spec: object) => assess({ timeline: [], ...spec }).conditions?.[0];

  it('is denied when events were lost', () => {
    expect(condition({ kernel_stats: { ...MEASURED, lost_events: 3 } })).toMatchObject({
      status: 'False',
      reason: 'EventsLost',
      message: 'The source lost 3 events about births meanwhile.',
    });
  });

  it('is denied with the reasons of the source, and of each container that is part of it', () => {
    const began = { began_at: '2026-01-01T00:00:00Z' };
    expect(
      condition({
        kernel_stats: { ...MEASURED, iptables_rules: null },
        incomplete: 'it was late',
        containers: [
          { ...began, role: 'sandbox', incomplete: 'its namespaces were not seen' },
          { ...began, role: 'container', container_name: 'app', incomplete: 'a program had no room' },
          { ...began, role: 'restart', container_name: 'app', incomplete: 'lost' },
        ],
      }),
    ).toMatchObject({
      status: 'False',
      reason: 'NotEverythingMeasured',
      message:
        'Not measured: iptables_rules. it was late. sandbox: its namespaces were not seen. app: a program had no room.',
    });
  });
});

describe('the assessment of any birth', () => {
  const entry = fc.record({
    timestamp_ms: fc.nat(100_000),
    actor: fc.constantFrom('apiserver', 'scheduler', 'kubelet', 'runtime', 'cni', 'kernel'),
    action: fc.constantFrom(
      'accept the pod',
      'assign the pod to a node',
      'report the container started',
      'report the init container ended',
      'report the pod ready',
      'run',
    ),
    duration_ms: fc.option(fc.nat(100_000)),
    resolution_ms: fc.constantFrom(null, 0.001, 1000),
    clock: fc.constantFrom(null, 'node', 'control-plane'),
    container_name: fc.constantFrom(null, 'app', 'setup'),
  });

  it('is a status that the API takes, and names no length that two coarse times cannot tell', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), fc.option(fc.nat(100_000)), (timeline, total) => {
        const status = assess({ timeline, kernel_stats: { total_duration_ms: total } });
        expect(isRight(decode(PodBirthCertificateStatus, status))).toBe(true);
        const slowest = status.slowest_phase;
        expect(slowest === null || slowest.duration_ms >= 5 * (slowest.resolution_ms ?? 0)).toBe(true);
      }),
    );
  });
});
