import { setTimeout as sleep } from 'node:timers/promises';
import type { CpuThrottle } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startObserver } from '../src/observe.ts';
import { makeGroup, whyNoGroups } from './cgroup.ts';
import { listen } from './webhook.ts';

const why = whyNoGroups();
if (why !== null) process.stderr.write(`SKIPPED: no real cgroup can be throttled here: ${why}\n`);

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const ID = '0123456789abcdef'.repeat(4);
const ROOT = `/kernel-gossip-test-${process.pid}`;
const log = pino({ level: 'silent' });

const until = async (holds: () => boolean, seconds: number): Promise<void> => {
  const deadline = performance.now() + seconds * 1000;
  while (!holds() && performance.now() < deadline) await sleep(20);
};

describe.skipIf(why !== null)('the observer beside a really throttled process', { timeout: 40_000 }, () => {
  const undo: (() => Promise<void>)[] = [];
  const keep = <A extends { close?(): Promise<void>; remove?(): Promise<void> }>(thing: A): A => {
    undo.unshift(async () => thing.close?.() ?? thing.remove?.());
    return thing;
  };
  afterEach(async () => {
    for (const step of undo.splice(0)) await step();
  });
  afterAll(() => makeGroup(ROOT, 'last').remove());

  const observe = async (flags: Readonly<Record<string, string>>) => {
    const operator = keep(await listen());
    const settings = {
      url: operator.url,
      interval: '250ms',
      'summary-interval': '2s',
      ...flags,
    };
    keep(startObserver(readConfig({ subtree: ROOT, ...settings }, {}), { log }));
    return operator;
  };

  it('tells when throttling begins, with the kernel’s own figures, and when the quota is lifted', async () => {
    const operator = await observe({ 'node-name': 'node-1' });
    // After the observer, so that it has to notice the group by itself; the pod's level is removed with it.
    const group = keep(makeGroup(`${ROOT}/pod${UID}`, ID));
    group.setQuota(0.2);
    const before = group.counters();
    group.spin();
    await until(() => operator.observations().length >= 3, 12);
    const [first, second] = operator.observations();
    expect(first).toMatchObject({
      type: 'cpu_throttle',
      pod_uid: UID,
      container_id: ID,
      pod_name: null,
      namespace: null,
      container_name: null,
      node_name: 'node-1',
      cgroup: group.path,
      limit_cores: 0.2,
      reported_cpu_usage: null,
      source: 'kernel-gossip-observer',
      provenance: 'measured',
      ended: false,
    });
    expect(first!.throttle_percentage).toBeGreaterThan(25);
    expect(first!.nr_periods).toBeGreaterThanOrEqual(5);
    // The quota is what bounds the usage; a window's edges may cut a period in two.
    expect(second!.actual_cpu_usage).toBeGreaterThan(0.1);
    expect(second!.actual_cpu_usage).toBeLessThan(0.3);
    const { nrPeriods, nrThrottled, throttledNs } = group.counters();
    const total = (key: 'nr_periods' | 'nr_throttled' | 'throttled_seconds') =>
      operator.observations().reduce((sum, observation) => sum + (observation[key] ?? 0), 0);
    expect(total('nr_periods')).toBeLessThanOrEqual(nrPeriods - before.nrPeriods);
    expect(total('nr_throttled')).toBeLessThanOrEqual(nrThrottled - before.nrThrottled);
    // Each figure is rounded to a microsecond.
    const roundedSeconds = operator.observations().length * 1e-6;
    expect(total('throttled_seconds')).toBeLessThanOrEqual(throttledNs / 1e9 + roundedSeconds);
    expect(total('nr_periods')).toBeGreaterThan((nrPeriods - before.nrPeriods) * 0.5);

    group.setQuota(null);
    await until(() => operator.observations().at(-1)?.ended === true, 5);
    expect(operator.observations().at(-1)).toMatchObject({
      ended: true,
      throttle_percentage: 0,
      nr_throttled: 0,
      limit_cores: null,
    });
    expect(operator.observations().at(-1)!.actual_cpu_usage).toBeGreaterThan(0);
  });

  it('ends what it told when the group vanishes, and names groups of no pod only when told to', async () => {
    const operator = await observe({ 'local-names': 'true' });
    const silent = await observe({});
    const group = keep(makeGroup(ROOT, 'my.service'));
    group.setQuota(0.1);
    group.spin();
    await until(() => operator.observations().length > 0, 10);
    expect(operator.observations()[0]).toMatchObject({ pod_uid: null, namespace: 'systemd', ended: false });
    expect(operator.observations()[0]!.pod_name).toMatch(/^my\.service-[0-9a-f]{8}$/);
    await group.remove();
    await until(() => operator.observations().at(-1)?.ended === true, 5);
    expect(operator.observations().at(-1)).toMatchObject({ ended: true, limit_cores: 0.1 });
    expect(operator.observations().at(-1)!.nr_periods).toBeGreaterThan(0);
    expect(silent.observations()).toEqual([]);
  });

  describe('in a pod with a container', () => {
    const nested = () => {
      const pod = keep(makeGroup(ROOT, `pod${UID}`));
      const container = keep(makeGroup(`${ROOT}/pod${UID}`, ID));
      return { pod, container };
    };
    const ofPod = ({ container_id }: CpuThrottle) => container_id === null;

    it('tells of the pod where only the pod has a quota', async () => {
      const operator = await observe({});
      const { pod, container } = nested();
      pod.setQuota(0.2);
      container.spin();
      await until(() => operator.observations().length >= 2, 12);
      const [first] = operator.observations();
      expect(first).toMatchObject({ pod_uid: UID, container_id: null, limit_cores: 0.2, cgroup: pod.path });
      expect(operator.observations().every(ofPod)).toBe(true);
      pod.setQuota(null);
      await until(() => operator.observations().at(-1)?.ended === true, 5);
      expect(operator.observations().at(-1)).toMatchObject({ ended: true, container_id: null });
    });

    it('tells only of the container where both have the same quota', async () => {
      const operator = await observe({});
      const { pod, container } = nested();
      container.setQuota(0.2);
      pod.setQuota(0.2);
      container.spin();
      await until(() => operator.observations().length >= 4, 15);
      expect(operator.observations().length).toBeGreaterThanOrEqual(4);
      expect(operator.observations().filter(ofPod)).toEqual([]);
    });
  });
});
