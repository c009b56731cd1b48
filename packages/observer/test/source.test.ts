import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCpuSource, type CpuSource } from '../src/cpu/source.ts';
import { findHierarchy } from '../src/hierarchy/hierarchy.ts';
import type { Outgoing } from '../src/source.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const ID = '0123456789abcdef'.repeat(4);
const POD = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
const CONTAINER = `${POD}/cri-containerd-${ID}.scope`;

let root = '';
let nowMs = 0;
let source: CpuSource | null = null;
const sent: Outgoing[] = [];

const write = (group: string, file: string, text: string): void => {
  mkdirSync(join(root, group), { recursive: true });
  writeFileSync(join(root, group, file), text);
};
interface Counters {
  readonly periods: number;
  readonly throttled: number;
  readonly us: number;
  readonly usage: number;
}
const stat = (group: string, { periods, throttled, us, usage }: Counters): void =>
  write(
    group,
    'cpu.stat',
    `usage_usec ${usage}\nuser_usec ${usage}\nsystem_usec 0\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec ${us}\nnr_bursts 0\nburst_usec 0\n`,
  );
const observe = (localNames: boolean, rescanMs = 1000): CpuSource => {
  source = createCpuSource(
    {
      hierarchy: findHierarchy(root),
      subtree: '',
      intervalMs: 1000,
      rescanMs,
      localNames,
      detector: { enterPercent: 25, minPeriods: 5, calmSeconds: 2, summarySeconds: 10 },
      sender: { nodeName: 'node-1', source: 'kernel-gossip-observer' },
    },
    { monotonicMs: () => nowMs, wallMs: () => Date.parse('2024-03-15T10:30:00Z') + nowMs },
    pino({ level: 'silent' }),
  );
  return source;
};
const second = (): void => {
  source?.sweep((outgoing) => sent.push(outgoing));
  nowMs += 1000;
};
const messages = () => sent.map(({ message }) => message);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu io memory\n');
  nowMs = 0;
  sent.length = 0;
});
afterEach(() => {
  source?.close();
  rmSync(root, { recursive: true });
});

describe('the CPU source on a version 2 tree of systemd', () => {
  it('tells what the counters say, to the last field', () => {
    stat(CONTAINER, { periods: 100, throttled: 50, us: 1_000_000, usage: 5_000_000 });
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    observe(false);
    second();
    stat(CONTAINER, { periods: 110, throttled: 59, us: 1_750_000, usage: 5_200_000 });
    second();
    expect(messages()).toEqual([
      {
        type: 'cpu_throttle',
        pod_uid: UID,
        container_id: ID,
        node_name: 'node-1',
        cgroup: CONTAINER,
        timestamp: '2024-03-15T10:30:01.000Z',
        period_seconds: 1,
        throttle_percentage: 90,
        actual_cpu_usage: 0.2,
        limit_cores: 0.2,
        nr_periods: 10,
        nr_throttled: 9,
        throttled_seconds: 0.75,
        source: 'kernel-gossip-observer',
        provenance: 'measured',
        ended: false,
      },
    ]);
    expect(source?.stats()).toMatchObject({ groups: 1, limited: 1, throttled: 1, unreadable: 0 });

    write(CONTAINER, 'cpu.max', 'max 100000\n');
    second();
    second();
    expect(messages().at(-1)).toMatchObject({ ended: true, throttle_percentage: 0, limit_cores: null });
    expect(messages().every((message) => isRight(decodeObservation(message)))).toBe(true);
  });

  it('observes the pod’s own quota, but no slice above it and no group of others', () => {
    for (const group of [POD, CONTAINER, '/system.slice/nginx.service', `${CONTAINER}/nested`])
      stat(group, { periods: 0, throttled: 0, us: 0, usage: 0 });
    write(POD, 'cpu.max', '20000 100000\n');
    observe(false);
    second();
    stat(POD, { periods: 10, throttled: 10, us: 500_000, usage: 200_000 });
    second();
    expect(source?.stats()).toMatchObject({ groups: 2 });
    expect(messages()).toEqual([]);
    stat(POD, { periods: 20, throttled: 20, us: 1_000_000, usage: 400_000 });
    second();
    expect(messages()).toHaveLength(1);
    expect(messages()[0]).toMatchObject({ pod_uid: UID, limit_cores: 0.2 });
    expect(messages()[0]).not.toHaveProperty('container_id');
  });

  it('says one thing about one cause: the container’s limit, along with which its pod throttles', () => {
    for (const group of [POD, CONTAINER]) {
      stat(group, { periods: 0, throttled: 0, us: 0, usage: 0 });
      write(group, 'cpu.max', '20000 100000\n');
    }
    observe(false);
    second();
    for (let round = 1; round <= 5; round += 1) {
      // The pod's own counters are one window ahead of the container's.
      const counters = (periods: number) => ({ periods, throttled: periods, us: periods, usage: periods });
      stat(POD, counters(10 * round));
      stat(CONTAINER, counters(10 * (round - 1)));
      second();
    }
    expect(messages()).toMatchObject([{ pod_uid: UID, container_id: ID, ended: false }]);
  });

  it('looks for containers before it tells of a pod, however seldom it does otherwise', () => {
    const counters = (periods: number) => ({ periods, throttled: periods, us: periods, usage: periods });
    stat(POD, counters(0));
    write(POD, 'cpu.max', '20000 100000\n');
    observe(false, 3_600_000);
    second();
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    for (let round = 1; round <= 5; round += 1) {
      for (const group of [POD, CONTAINER]) stat(group, counters(10 * round));
      second();
    }
    expect(messages()).toMatchObject([{ pod_uid: UID, container_id: ID }]);
  });

  it('names pods and containers where nobody else can', () => {
    stat(CONTAINER, { periods: 0, throttled: 0, us: 0, usage: 0 });
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    observe(true);
    second();
    stat(CONTAINER, { periods: 10, throttled: 9, us: 900_000, usage: 200_000 });
    second();
    expect(messages()).toMatchObject([
      {
        namespace: 'kubernetes',
        pod_name: `pod-${UID}`,
        container_name: 'c-0123456789ab',
        pod_uid: UID,
        container_id: ID,
      },
    ]);
    expect(isRight(decodeObservation(messages()[0]))).toBe(true);
  });

  it('waits with a quota that appears for a window that had it throughout', () => {
    stat(CONTAINER, { periods: 0, throttled: 0, us: 0, usage: 0 });
    write(CONTAINER, 'cpu.max', 'max 100000\n');
    observe(false);
    second();
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    stat(CONTAINER, { periods: 5, throttled: 5, us: 100_000, usage: 600_000 });
    second();
    expect(messages()).toEqual([]);
    stat(CONTAINER, { periods: 15, throttled: 15, us: 300_000, usage: 800_000 });
    second();
    expect(messages()).toMatchObject([{ nr_periods: 10, actual_cpu_usage: 0.2, limit_cores: 0.2 }]);
  });

  it('ends what vanished with what it had measured, and does not mix it up with its successor', () => {
    stat(CONTAINER, { periods: 0, throttled: 0, us: 0, usage: 0 });
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    observe(false);
    second();
    stat(CONTAINER, { periods: 10, throttled: 9, us: 900_000, usage: 200_000 });
    second();
    stat(CONTAINER, { periods: 20, throttled: 17, us: 1_500_000, usage: 400_000 });
    second();
    renameSync(join(root, CONTAINER), join(root, 'elsewhere'));
    second();
    expect(messages()).toMatchObject([
      { ended: false, nr_throttled: 9 },
      { ended: true, nr_throttled: 8, nr_periods: 10, timestamp: '2024-03-15T10:30:02.000Z' },
    ]);
    stat(CONTAINER, { periods: 50, throttled: 50, us: 900_000, usage: 200_000 });
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    for (let round = 0; round < 3; round += 1) second();
    expect(messages()).toHaveLength(2);
  });

  it('gives groups of no pod a name where it is told to', () => {
    stat('/system.slice/nginx.service', { periods: 0, throttled: 0, us: 0, usage: 0 });
    write('/system.slice/nginx.service', 'cpu.max', '20000 100000\n');
    observe(true);
    second();
    stat('/system.slice/nginx.service', { periods: 10, throttled: 9, us: 900_000, usage: 200_000 });
    second();
    expect(messages()).toMatchObject([{ namespace: 'systemd', pod_name: 'nginx.service' }]);
    expect(isRight(decodeObservation(messages()[0]))).toBe(true);
  });
});
