import { mkdirSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { DETECTOR_DEFAULTS } from '../src/detect/settings.ts';
import { findHierarchy } from '../src/hierarchy/hierarchy.ts';
import type { MemoryPressureMessage } from '../src/memory/observation.ts';
import { Sampler } from '../src/watch/sampler.ts';
import { makeMemoryGroup, whyNoMemoryGroups, type Shell } from './memory-group.ts';

const why = whyNoMemoryGroups();
if (why !== null) process.stderr.write(`SKIPPED: no real memory cgroup can be made here: ${why}\n`);

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const ID = '0123456789abcdef'.repeat(4);
const ROOT = `/kernel-gossip-test-${process.pid}-memory`;
const POD = `${ROOT}/pod${UID}`;
const MIB = 1024 * 1024;

const until = async (holds: () => boolean, seconds: number): Promise<void> => {
  const deadline = performance.now() + seconds * 1000;
  while (!holds() && performance.now() < deadline) await sleep(20);
};

describe.skipIf(why !== null)('the sampler on real memory cgroups', { timeout: 60_000 }, () => {
  const undo: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  const observe = (intervalMs = 100) => {
    const told: MemoryPressureMessage[] = [];
    const sampler = new Sampler(
      {
        hierarchy: findHierarchy('/sys/fs/cgroup'),
        subtree: ROOT,
        intervalMs,
        rescanMs: 3_600_000,
        localNames: false,
        detector: { ...DETECTOR_DEFAULTS, calmSeconds: 1 },
        sender: { nodeName: 'node-1', source: 'kernel-gossip-observer' },
      },
      systemClock,
      pino({ level: 'silent' }),
    );
    undo.push(() => sampler.close());
    sampler.start(({ message }) => {
      if (message.type === 'memory_pressure') told.push(message);
    });
    return { sampler, told };
  };
  const group = (path: string) => {
    const made = makeMemoryGroup(path);
    undo.push(() => made.remove());
    return made;
  };
  const shellIn = (made: ReturnType<typeof group>): Shell => {
    const shell = made.shell();
    undo.push(() => shell.end());
    return shell;
  };

  it('tells of a child that is killed under a 20 MiB limit while its parent lives, once, of the container', async () => {
    const { sampler, told } = observe();
    await sleep(150);
    // After the observer, so that it has to notice the groups by itself.
    const container = group(`${POD}/${ID}`);
    container.setLimit(20 * MIB);
    const shell = shellIn(container);
    expect(await shell.allocate(200, 0)).toBe(137);
    await until(() => told.length > 0, 5);
    expect(told).toMatchObject([
      {
        type: 'memory_pressure',
        pod_uid: UID,
        container_id: ID,
        node_name: 'node-1',
        cgroup: container.path,
        oom_kills: container.oomKills(),
        memory_limit_bytes: 20 * MIB,
        stalled_percentage: null,
        ended: false,
      },
    ]);
    expect(container.oomKills()).toBe(1);
    expect(shell.isAlive).toBe(true);
    expect(told.every((message) => isRight(decodeObservation(message)))).toBe(true);

    expect(await shell.allocate(200, 0)).toBe(137);
    await until(() => told.length > 1, 5);
    expect(told[1]).toMatchObject({ oom_kills: 1, ended: false });
    await sleep(600);
    expect(told).toHaveLength(2);
    expect(sampler.stats().memory).toMatchObject({ limited: 1, pressed: 1, oomKills: 2, unreadable: 0 });
  });

  it('tells of a kill in the container also where the limit is the pod’s, and of one that was before it could look', async () => {
    const container = group(`${POD}/${ID}`);
    const pod = makeMemoryGroup(POD);
    pod.setLimit(30 * MIB);
    const shell = shellIn(container);
    expect(await shell.allocate(200, 0)).toBe(137);
    const { told } = observe();
    await sleep(500);
    // What was before is not news.
    expect(told).toEqual([]);
    expect(await shell.allocate(200, 0)).toBe(137);
    await until(() => told.length > 0, 5);
    await sleep(1200);
    expect(told).toMatchObject([
      { container_id: ID, oom_kills: 1, memory_usage_percentage: null, memory_limit_bytes: null },
    ]);
    expect(isRight(decodeObservation(told[0]))).toBe(true);
    expect([container.oomKills(), pod.oomKills()]).toEqual([2, 0]);
  });

  it('tells of a kill between a group’s birth and its first sample, and ends with the group', async () => {
    const { told } = observe(1500);
    await sleep(50);
    const container = group(`${POD}/${ID}`);
    container.setLimit(20 * MIB);
    const shell = shellIn(container);
    expect(await shell.allocate(200, 0)).toBe(137);
    await until(() => told.length > 0, 5);
    expect(told).toMatchObject([{ oom_kills: 1, ended: false }]);
    expect(told[0]!.period_seconds).toBeLessThan(3);
    await shell.end();
    await container.remove();
    await until(() => told.length > 1, 5);
    expect(told[1]).toMatchObject({ container_id: ID, ended: true });
  });

  it('tells of the container and not of its pod when both are near the same limit, also when it is lowered', async () => {
    const { told } = observe();
    const container = group(`${POD}/${ID}`);
    const pod = makeMemoryGroup(POD);
    const shell = shellIn(container);
    const held = shell.allocate(200, 16);
    await until(() => Number(container.read('memory.usage_in_bytes')) > 210 * MIB, 10);
    await sleep(300);
    // Below what is in use is refused here (EBUSY) once nothing can be reclaimed; just above it is taken.
    expect(() => container.setLimit(100 * MIB)).toThrow();
    const usage = Number(container.read('memory.usage_in_bytes'));
    const limit = Math.ceil((usage * 1.02) / 4096) * 4096;
    for (const each of [container, pod]) each.setLimit(limit);
    await until(() => told.length > 0, 20);
    expect(told).toMatchObject([{ container_id: ID, memory_limit_bytes: limit, oom_kills: 0, ended: false }]);
    expect(told[0]!.memory_usage_percentage).toBeGreaterThan(90);
    expect(told[0]!.period_seconds).toBeGreaterThanOrEqual(10);
    expect(await held).toBe(0);
    await until(() => told.at(-1)?.ended === true, 10);
    expect(told.at(-1)).toMatchObject({ container_id: ID, ended: true });
    expect(told.every((message) => message.container_id === ID)).toBe(true);
  });

  it('lives with groups that vanish at any moment, and with the memory controller’s coming later', async () => {
    const { sampler, told } = observe(100);
    const keep = group(`${POD}/${ID}`);
    const directory = (root: string, index: number) =>
      `/sys/fs/cgroup/${root}${POD}/${index.toString(16).padStart(64, '0')}`;
    for (let index = 1; index <= 60; index += 1) {
      mkdirSync(directory('cpu', index));
      if (index % 3 === 0) mkdirSync(directory('memory', index));
      await sleep(index % 7);
      if (index % 3 === 0) rmdirSync(directory('memory', index));
      rmdirSync(directory('cpu', index));
    }
    await until(() => sampler.stats().groups === 2, 3);
    expect(sampler.stats()).toMatchObject({ groups: 2, cpu: { unreadable: 0 }, memory: { unreadable: 0 } });
    expect(told).toEqual([]);
    keep.setLimit(20 * MIB);
    expect([...sampler.snapshot()].find(({ containerId }) => containerId === ID)).toMatchObject({
      podUid: UID,
      cpu: { nrPeriods: 0, nrThrottled: 0, quotaUs: null, periodUs: null, shares: 1024, weight: null },
      memory: { usageBytes: 0, limitBytes: 20 * MIB, oomKills: 0, limitHits: 0, highHits: null },
      ioPressure: { someSeconds: null, fullSeconds: null },
    });
  });
});
