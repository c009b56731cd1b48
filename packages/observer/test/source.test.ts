import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DETECTOR_DEFAULTS, type DetectorSettings } from '../src/detect/settings.ts';
import { findHierarchy } from '../src/hierarchy/hierarchy.ts';
import type { Outgoing } from '../src/source.ts';
import { Sampler } from '../src/watch/sampler.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const ID = '0123456789abcdef'.repeat(4);
const POD = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
const CONTAINER = `${POD}/cri-containerd-${ID}.scope`;

let root = '';
let nowMs = 0;
let wallOffsetMs = 0;
interface Logged {
  readonly msg: string;
}
const logged: Logged[] = [];
let source: Sampler | null = null;
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
/** Whatever the impact, so that a few windows are enough. */
const AT_ONCE: DetectorSettings = {
  ...DETECTOR_DEFAULTS,
  minPeriods: 5,
  calmSeconds: 2,
  sudden: { ...DETECTOR_DEFAULTS.sudden, heldSeconds: 0, msPerSecond: 0, periodsFactor: 1 },
};
const observe = (localNames: boolean, rescanMs = 1000): Sampler => {
  source = new Sampler(
    {
      hierarchy: findHierarchy(root),
      subtree: '',
      intervalMs: 1000,
      rescanMs,
      localNames,
      detector: AT_ONCE,
      sender: { nodeName: 'node-1', source: 'kernel-gossip-observer' },
    },
    { monotonicMs: () => nowMs, wallMs: () => Date.parse('2024-03-15T10:30:00Z') + nowMs + wallOffsetMs },
    pino({ level: 'warn' }, { write: (line: string) => void logged.push(JSON.parse(line) as Logged) }),
  );
  return source;
};
const second = (): void => {
  source?.sweep((outgoing) => sent.push(outgoing));
  nowMs += 1000;
};
const messages = () => sent.map(({ message }) => message);
const seconds = (count: number, each: (index: number) => void = () => undefined): void => {
  for (let index = 0; index < count; index += 1) {
    each(index);
    second();
  }
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu io memory\n');
  nowMs = 0;
  wallOffsetMs = 0;
  sent.length = 0;
  logged.length = 0;
});
afterEach(() => {
  source?.close();
  rmSync(root, { recursive: true });
});

describe('the sampler on a version 2 tree of systemd', () => {
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
    expect(source?.stats()).toMatchObject({ groups: 1, cpu: { limited: 1, throttled: 1, unreadable: 0 } });

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
      const counters = (periods: number) => ({
        periods,
        throttled: periods,
        us: 50_000 * periods,
        usage: periods,
      });
      stat(POD, counters(10 * round));
      stat(CONTAINER, counters(10 * (round - 1)));
      second();
    }
    expect(messages()).toMatchObject([{ pod_uid: UID, container_id: ID, ended: false }]);
  });

  it('looks for containers before it tells of a pod, however seldom it does otherwise', () => {
    const counters = (periods: number) => ({
      periods,
      throttled: periods,
      us: 50_000 * periods,
      usage: periods,
    });
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

  it('counts from a group’s birth on what it was told was born', () => {
    stat(POD, { periods: 0, throttled: 0, us: 0, usage: 0 });
    const sampler = observe(false, 3_600_000);
    second();
    nowMs -= 400;
    sampler.announce({ path: CONTAINER, kind: 'mkdir' });
    nowMs += 400;
    stat(CONTAINER, { periods: 5, throttled: 4, us: 300_000, usage: 100_000 });
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    second();
    expect(messages()).toMatchObject([
      { container_id: ID, nr_periods: 5, nr_throttled: 4, period_seconds: 0.4, limit_cores: 0.2 },
    ]);
  });

  it('begins anew with a group of the same path, whatever its counters say', () => {
    const counters = (periods: number) => ({
      periods,
      throttled: periods,
      us: 50_000 * periods,
      usage: periods,
    });
    stat(CONTAINER, counters(100));
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    observe(false);
    second();
    renameSync(join(root, CONTAINER), join(root, 'before'));
    stat(CONTAINER, counters(140));
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    second();
    expect(messages()).toEqual([]);
    stat(CONTAINER, counters(150));
    second();
    expect(messages()).toMatchObject([{ nr_periods: 10 }]);
  });

  it('takes its lengths of time from a clock that is not set', () => {
    const counters = (periods: number) => ({
      periods,
      throttled: periods,
      us: 50_000 * periods,
      usage: periods,
    });
    stat(CONTAINER, counters(0));
    write(CONTAINER, 'cpu.max', '20000 100000\n');
    observe(false);
    second();
    wallOffsetMs = -3_600_000;
    stat(CONTAINER, counters(10));
    second();
    expect(messages()).toMatchObject([{ period_seconds: 1, timestamp: '2024-03-15T09:30:01.000Z' }]);
  });

  it('says in the log, and of no pod, what a quota above all pods does', () => {
    const counters = (periods: number) => ({ periods, throttled: periods, us: 500_000, usage: periods });
    stat('/kubepods.slice', counters(0));
    write('/kubepods.slice', 'cpu.max', '300000 100000\n');
    for (const group of [POD, CONTAINER]) stat(group, { periods: 0, throttled: 0, us: 0, usage: 0 });
    observe(false);
    second();
    stat('/kubepods.slice', counters(10));
    second();
    expect(messages()).toEqual([]);
    expect(source?.stats()).toMatchObject({ groups: 2, cpu: { throttled: 0, throttledAbove: 1 } });
    expect(logged).toMatchObject([
      { cgroup: '/kubepods.slice', throttle_percentage: 100, nr_periods: 10, limit_cores: 3 },
    ]);
  });

  it('does not take for two what crun puts in two groups', () => {
    for (const group of [POD, CONTAINER, `${CONTAINER}/container`])
      stat(group, { periods: 0, throttled: 0, us: 0, usage: 0 });
    observe(true);
    second();
    const groups = [...source!.snapshot()].map(({ path }) => path);
    expect(groups).toContain(CONTAINER);
    expect(groups).not.toContain(`${CONTAINER}/container`);
  });

  it('keeps up with 5,000 groups, and with the loss of all of them', () => {
    const uid = (index: number) => UID.replace(/^......../, index.toString(16).padStart(8, '0'));
    for (let index = 0; index < 5000; index += 1)
      stat(`/kubepods/pod${uid(index)}`, { periods: 0, throttled: 0, us: 0, usage: 0 });
    const sampler = observe(false, 3_600_000);
    second();
    second();
    expect(sampler.stats()).toMatchObject({ groups: 5000, watches: 5002, cpu: { unreadable: 0 } });
    expect(sampler.stats().files).toBeLessThanOrEqual(8192);
    rmSync(join(root, 'kubepods'), { recursive: true });
    nowMs += 3_600_000;
    second();
    expect(sampler.stats()).toMatchObject({ groups: 0, watches: 1, files: 0 });
    expect(logged).toEqual([]);
  }, 60_000);

  it('says once that groups cannot be read, and goes on', () => {
    stat(POD, { periods: 0, throttled: 0, us: 0, usage: 0 });
    mkdirSync(join(root, CONTAINER, 'cpu.stat'), { recursive: true });
    observe(false);
    seconds(3);
    expect(source?.stats()).toMatchObject({ groups: 2, cpu: { unreadable: 1 } });
    expect(logged).toMatchObject([{ msg: 'cgroups cannot be read', cpu: 1, memory: 0 }]);
  });
});

const OTHER = `${POD}/cri-containerd-${'f'.repeat(64)}.scope`;
interface Memory {
  readonly usage?: number;
  readonly limit?: string;
  readonly kills?: number;
  readonly stalledUs?: number;
}
const memory = (group: string, { usage = 0, limit = 'max', kills = 0, stalledUs = 0 }: Memory): void => {
  write(group, 'cpu.stat', 'usage_usec 0\nuser_usec 0\nsystem_usec 0\n');
  write(group, 'memory.current', `${usage}\n`);
  write(group, 'memory.max', `${limit}\n`);
  write(group, 'memory.stat', 'anon 0\nfile 0\ninactive_file 0\n');
  write(group, 'memory.events', `low 0\nhigh 0\nmax 0\noom 0\noom_kill ${kills}\noom_group_kill 0\n`);
  write(group, 'memory.events.local', `low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n`);
  write(group, 'memory.pressure', `some avg10=0.00 avg60=0.00 avg300=0.00 total=${stalledUs}\n`);
};

describe('the sampler on the memory of a version 2 tree', () => {
  it('tells of a kill what the files say, to the last field, and of no second one', () => {
    memory(POD, {});
    memory(CONTAINER, { usage: 500, limit: '1000' });
    observe(false);
    second();
    memory(POD, { kills: 2 });
    memory(CONTAINER, { usage: 850, limit: '1000', kills: 2 });
    seconds(5);
    expect(messages()).toEqual([
      {
        type: 'memory_pressure',
        pod_uid: UID,
        container_id: ID,
        node_name: 'node-1',
        cgroup: CONTAINER,
        timestamp: '2024-03-15T10:30:01.000Z',
        period_seconds: 1,
        memory_usage_percentage: 85,
        memory_usage_bytes: 850,
        memory_limit_bytes: 1000,
        stalled_percentage: null,
        oom_kills: 2,
        source: 'kernel-gossip-observer',
        provenance: 'measured',
        ended: false,
      },
    ]);
    expect(isRight(decodeObservation(messages()[0]))).toBe(true);
  });

  it('tells of the pod what became of a container that was gone before it was read again', () => {
    memory(POD, { limit: '1000', usage: 500 });
    memory(CONTAINER, { limit: '1000' });
    memory(OTHER, {});
    observe(false);
    second();
    memory(POD, { limit: '1000', usage: 100, kills: 1 });
    rmSync(join(root, CONTAINER), { recursive: true });
    seconds(5);
    expect(messages()).toMatchObject([{ pod_uid: UID, cgroup: POD, oom_kills: 1, ended: false }]);
    expect(messages()[0]).not.toHaveProperty('container_id');
  });

  it('tells of tasks that wait for memory, also where there is no limit, of the container and not of its pod', () => {
    for (const group of [POD, CONTAINER]) memory(group, {});
    observe(false);
    seconds(30, (index) => {
      for (const group of [POD, CONTAINER]) memory(group, { stalledUs: index * 300_000 });
    });
    expect(messages()[0]).toMatchObject({
      container_id: ID,
      memory_usage_percentage: null,
      memory_limit_bytes: null,
      stalled_percentage: 30,
      ended: false,
    });
    expect(messages().every((message) => message.container_id === ID)).toBe(true);
    expect(messages().every((message) => isRight(decodeObservation(message)))).toBe(true);
  });

  it('tells of the pod where no container of it has a limit that is near', () => {
    memory(POD, { usage: 950, limit: '1000' });
    memory(CONTAINER, { usage: 900 });
    memory(OTHER, { usage: 50 });
    observe(false);
    seconds(15);
    expect(messages()).toMatchObject([{ cgroup: POD, memory_usage_percentage: 95, ended: false }]);
    memory(POD, { usage: 500, limit: '1000' });
    seconds(3);
    expect(messages().at(-1)).toMatchObject({ cgroup: POD, ended: true });
  });

  it('sees a limit that is lowered below what is in use', () => {
    memory(CONTAINER, { usage: 500, limit: '1000' });
    observe(false);
    seconds(5);
    write(CONTAINER, 'memory.max', '400\n');
    seconds(25);
    expect(messages()[0]).toMatchObject({
      memory_usage_percentage: 100,
      memory_usage_bytes: 500,
      memory_limit_bytes: 400,
    });
  });

  it('gives everything that is counted, and null for what is not', () => {
    memory(CONTAINER, { usage: 500, limit: '1000', kills: 1, stalledUs: 500_000 });
    stat(CONTAINER, { periods: 30, throttled: 20, us: 1_500_000, usage: 9_000_000 });
    write(CONTAINER, 'cpu.max', '50000 100000\n');
    write(CONTAINER, 'cpu.weight', '79\n');
    write(CONTAINER, 'cpu.pressure', 'some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n');
    write(CONTAINER, 'pids.current', '7\n');
    write(CONTAINER, 'pids.max', 'max\n');
    const sampler = observe(false);
    second();
    expect([...sampler.snapshot()].find(({ path }) => path === CONTAINER)).toEqual({
      path: CONTAINER,
      level: 'container',
      manager: 'containerd',
      podUid: UID,
      containerId: ID,
      readAtMs: Date.parse('2024-03-15T10:30:01Z'),
      cpu: {
        usageSeconds: 9,
        nrPeriods: 30,
        nrThrottled: 20,
        throttledSeconds: 1.5,
        quotaUs: 50_000,
        periodUs: 100_000,
        burstUs: null,
        nrBursts: 0,
        shares: null,
        weight: 79,
        pressure: { someSeconds: 2, fullSeconds: null },
      },
      memory: {
        usageBytes: 500,
        workingSetBytes: 500,
        limitBytes: 1000,
        oomKills: 1,
        limitHits: 0,
        highHits: 0,
        pressure: { someSeconds: 0.5, fullSeconds: null },
      },
      ioPressure: { someSeconds: null, fullSeconds: null },
      pids: { current: 7, max: null },
    });
    rmSync(join(root, CONTAINER), { recursive: true });
    expect([...sampler.snapshot()].map(({ path }) => path)).not.toContain(CONTAINER);
  });
});
