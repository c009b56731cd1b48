import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { isLeft } from 'fp-ts/lib/Either.js';
import { decodeObservation, type ResourceMeasurement } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startObserver } from '../src/observe.ts';
import { makeGroup, whyNoGroups } from './cgroup.ts';
import { makeMemoryGroup } from './memory-group.ts';

const why = whyNoGroups();
if (why !== null) process.stderr.write(`SKIPPED: no real cgroup can be measured here: ${why}\n`);

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const [APP, SIDECAR, SANDBOX] = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
const ROOT = `/kernel-gossip-test-measuring-${process.pid}`;
const POD = `${ROOT}/pod${UID}`;
const log = pino({ level: 'silent' });

/** An operator that names pods to be measured, and takes what is sent. */
async function operatorFor(podUids: readonly string[]) {
  const taken: { readonly batch: number; readonly observation: ResourceMeasurement }[] = [];
  const others: string[] = [];
  const asked: string[] = [];
  let batches = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'GET') {
        asked.push(request.url ?? '');
        return void response.end(JSON.stringify({ pod_uids: podUids }));
      }
      batches += 1;
      const content = Buffer.concat(chunks);
      const isGzip = request.headers['content-encoding'] === 'gzip';
      const items = JSON.parse((isGzip ? gunzipSync(content) : content).toString()) as readonly unknown[];
      for (const item of items) {
        const observation = decodeObservation(item);
        if (isLeft(observation)) throw new Error(JSON.stringify(observation.left));
        if (observation.right.type !== 'resource_measurement') others.push(observation.right.type);
        else taken.push({ batch: batches, observation: observation.right });
      }
      return void response.writeHead(202).end(JSON.stringify({ accepted: items.length, rejected: [] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    asked,
    others,
    of: (containerId: string | null) =>
      taken.filter(({ observation }) => observation.container_id === containerId),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const until = async (holds: () => boolean, seconds: number): Promise<void> => {
  const deadline = performance.now() + seconds * 1000;
  while (!holds() && performance.now() < deadline) await sleep(50);
};

describe.skipIf(why !== null)('the observer of a real pod', { timeout: 60_000 }, () => {
  const undo: (() => Promise<void>)[] = [];
  const keep = <A extends { close?(): Promise<void>; remove?(): Promise<void> }>(thing: A): A => {
    undo.unshift(async () => thing.close?.() ?? thing.remove?.());
    return thing;
  };
  afterEach(async () => {
    for (const step of undo.splice(0)) await step();
  });
  afterAll(() => makeGroup(ROOT, 'last').remove());

  const observe = async (podUids: readonly string[], flags: Readonly<Record<string, string>> = {}) => {
    const operator = keep(await operatorFor(podUids));
    const settings = {
      url: operator.url,
      interval: '250ms',
      'node-name': 'node-1',
      kgtrace: 'off',
      ...flags,
    };
    keep(startObserver(readConfig({ subtree: ROOT, ...settings }, {}), { log }));
    return operator;
  };

  it('measures what it is asked for, with and without a quota, and again after the limit was changed', async () => {
    const pod = keep(makeGroup(ROOT, `pod${UID}`));
    const memory = keep(makeMemoryGroup(`${POD}/${APP!}`));
    const [app, sidecar] = [APP!, SIDECAR!].map((id) => keep(makeGroup(POD, id)));
    keep(makeGroup(POD, SANDBOX!));
    memory.setLimit(256 * 1024 * 1024);
    // So little that it runs out on a busy machine, too.
    app!.setQuota(0.05);
    app!.spin();
    sidecar!.spin();
    const before = app!.counters();
    const operator = await observe([UID]);
    await until(() => operator.of(APP!).length === 1, 20);
    const [first] = operator.of(APP!);
    expect(operator.asked[0]).toBe('/api/v1alpha1/watches?node_name=node-1');
    expect(first?.observation).toMatchObject({
      type: 'resource_measurement',
      pod_uid: UID,
      container_id: APP,
      node_name: 'node-1',
      cgroup: app!.path,
      limit_cores: 0.05,
      memory_limit_bytes: 256 * 1024 * 1024,
      oom_kills: 0,
      provenance: 'measured',
    });
    const { period_seconds: seconds, nr_throttled: throttled, nr_periods: periods } = first!.observation;
    expect(seconds).toBeGreaterThanOrEqual(4.5);
    expect(throttled!).toBeGreaterThan(0);
    expect(throttled!).toBeLessThanOrEqual(app!.counters().nrThrottled - before.nrThrottled);
    expect(periods!).toBeLessThanOrEqual(app!.counters().nrPeriods - before.nrPeriods);
    expect(first!.observation.throttled_seconds!).toBeGreaterThan(0);
    expect(first!.observation.memory_usage_bytes!).toBeGreaterThanOrEqual(0);

    const sandboxAndPod = operator.taken.map(({ observation }) => observation.container_id);
    expect(sandboxAndPod).not.toContain(SANDBOX);
    const [ofSidecar, ofPod] = [operator.of(SIDECAR!)[0], operator.of(null)[0]];
    for (const one of [ofSidecar, ofPod]) {
      expect(one?.batch).toBe(first!.batch);
      expect(one?.observation).toMatchObject({
        limit_cores: null,
        nr_periods: null,
        nr_throttled: null,
        throttled_seconds: null,
      });
      expect(one!.observation.actual_cpu_usage!).toBeGreaterThan(0);
    }
    expect(ofPod?.observation).toMatchObject({ cgroup: pod.path, oom_kills: null });

    const changedAt = Date.now();
    app!.setQuota(0.1);
    await until(() => operator.of(APP!).length === 2, 20);
    const second = operator.of(APP!)[1]!.observation;
    const beganAt = Date.parse(second.timestamp) - second.period_seconds * 1000;
    expect(second.limit_cores).toBe(0.1);
    expect(beganAt).toBeGreaterThanOrEqual(changedAt + 2000);
    expect(second.period_seconds).toBeGreaterThanOrEqual(4.5);
  });

  it('measures a calm container, of which nothing else is told', async () => {
    const app = keep(makeGroup(POD, APP!));
    app.setQuota(0.2);
    const operator = await observe([UID]);
    await until(() => operator.of(APP!).length === 1, 20);
    expect(operator.of(APP!)[0]?.observation).toMatchObject({
      limit_cores: 0.2,
      nr_periods: 0,
      nr_throttled: 0,
      actual_cpu_usage: 0,
    });
    expect(operator.others).toEqual([]);
  });

  it('measures no other pod, and on a machine without a cluster does not ask', async () => {
    const app = keep(makeGroup(POD, APP!));
    app.setQuota(0.2);
    const operators = [
      await observe(['00000000-0a5c-4a43-9a7e-2f8f6f0c1d11']),
      await observe([UID], { 'local-names': 'true' }),
    ];
    await sleep(8000);
    expect(operators.map(({ taken }) => taken)).toEqual([[], []]);
    expect(operators.map(({ asked }) => asked.length > 0)).toEqual([true, false]);
  });
});
