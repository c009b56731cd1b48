import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { toMessage } from '../src/cpu/observation.ts';
import { createDelivery, type Delivery } from '../src/deliver/delivery.ts';
import { createPoster } from '../src/deliver/post.ts';
import type { Outgoing } from '../src/source.ts';
import { listen, type Answer, type FakeOperator, type Request } from './webhook.ts';

const sender = { nodeName: null, source: 'test' };
const outgoing = (id: number, isSummary = false): Outgoing => {
  const path = `/group-${id}`;
  const window = { seconds: 1, nrPeriods: 10, nrThrottled: 9, throttledSeconds: 0.5, usageSeconds: null };
  const report = { kind: isSummary ? 'summary' : 'began', window, limit: null, endMs: id } as const;
  return {
    isSummary,
    message: toMessage(report, { namespace: 'cgroup', pod_name: `group-${id}` }, path, sender),
  };
};
const until = async (holds: () => boolean): Promise<void> => {
  for (let waits = 0; waits < 500 && !holds(); waits += 1) await sleep(20);
};

describe('delivery', { timeout: 20_000 }, () => {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  let operator: FakeOperator | null = null;
  let delivery: Delivery | null = null;

  const deliverTo = (url: string, settings: { tokenFile?: string; queueLimit?: number } = {}): Delivery => {
    const { tokenFile = null, queueLimit = 10_000 } = settings;
    const poster = createPoster({ url, token: null, tokenFile, caFile: null }, Date.now);
    delivery = createDelivery(poster, { queueLimit }, log);
    return delivery;
  };
  const start = async (
    answer?: (request: Request) => Answer | null,
    port?: number,
  ): Promise<FakeOperator> => {
    operator = await listen(answer, port);
    return operator;
  };
  /** The address of an operator that is away. */
  const down = async (): Promise<FakeOperator> => {
    const gone = await start();
    await gone.close();
    return gone;
  };
  const sentIds = (): readonly number[] =>
    operator?.observations().map(({ cgroup }) => Number(cgroup?.slice('/group-'.length))) ?? [];
  const push = (count: number, isSummary = false): void => {
    for (let id = 0; id < count; id += 1) delivery?.push(outgoing(id, isSummary));
  };

  afterEach(async () => {
    await delivery?.close(0);
    await operator?.close();
    delivery = operator = null;
    lines.length = 0;
  });

  it('posts what came together in batches of at most 500, in order', async () => {
    const { url } = await start();
    deliverTo(`${url}/behind/a/proxy`);
    push(1100);
    await until(() => sentIds().length === 1100);
    expect(operator!.requests.map(({ items }) => items.length)).toEqual([500, 500, 100]);
    expect(operator!.requests[0]!.path).toBe('/behind/a/proxy/webhook/pixie');
    expect(sentIds()).toEqual(Array.from({ length: 1100 }, (_, id) => id));
    expect(delivery!.stats()).toEqual({ waiting: 0, delivered: 1100, rejected: 0, dropped: 0, failures: 0 });
  });

  it('loses nothing while the operator is away, within the bound', async () => {
    const { url, port } = await down();
    deliverTo(url);
    push(700);
    await until(() => delivery!.stats().failures >= 2);
    expect(delivery!.stats()).toMatchObject({ waiting: 700, delivered: 0, dropped: 0 });
    await start(undefined, port);
    await until(() => delivery!.stats().delivered === 700);
    expect(sentIds()).toEqual(Array.from({ length: 700 }, (_, id) => id));
    expect(lines.filter((line) => line.includes('takes nothing now'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('answers again'))).toHaveLength(1);
  });

  it('drops the oldest summaries beyond the bound, counts and logs them', async () => {
    const { url, port } = await down();
    deliverTo(url, { queueLimit: 10 });
    push(8);
    push(5, true);
    await until(() => delivery!.stats().failures >= 1);
    expect(delivery!.stats()).toMatchObject({ waiting: 10, dropped: 3 });
    await start(undefined, port);
    await until(() => delivery!.stats().delivered === 10);
    expect(sentIds()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 3, 4]);
    expect(lines.some((line) => line.includes('"dropped":3'))).toBe(true);
  });

  it.each([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }],
    ['503', { status: 503 }],
    ['401, until someone grants the right', { status: 401 }],
    ['a broken connection', null],
  ])('tries again after %s', async (_, failure) => {
    let calls = 0;
    const { url } = await start((request) => {
      calls += 1;
      return calls === 1 ? failure : { status: 202, body: { accepted: request.items.length, rejected: [] } };
    });
    deliverTo(url);
    push(3);
    const startedMs = performance.now();
    await until(() => delivery!.stats().delivered === 3);
    expect(delivery!.stats()).toMatchObject({ delivered: 3, rejected: 0, failures: 0, dropped: 0 });
    const waits = failure !== null && failure.status === 429 ? 990 : 240;
    expect(performance.now() - startedMs).toBeGreaterThan(waits);
  });

  it('does not repeat what the operator refuses, and says what was wrong with it', async () => {
    const rejected = [{ index: 1, path: 'pod_uid', expected: 'a pod UID', got: '"x"' }];
    const answers: readonly Answer[] = [
      { status: 202, body: { accepted: 2, rejected } },
      { status: 400, body: { accepted: 0, rejected } },
    ];
    let calls = 0;
    const { url } = await start(() => answers[calls++] ?? { status: 500 });
    deliverTo(url);
    push(3);
    await until(() => delivery!.stats().delivered === 2);
    push(3);
    await until(() => delivery!.stats().rejected === 4);
    expect(delivery!.stats()).toMatchObject({ waiting: 0, delivered: 2, rejected: 4 });
    expect(operator!.requests).toHaveLength(2);
    const line = lines.find((text) => text.includes('rejected an observation'));
    expect(JSON.parse(line ?? '')).toMatchObject({ path: 'pod_uid', expected: 'a pod UID', got: '"x"' });
  });

  it('makes batches smaller until they are not too large', async () => {
    const { url } = await start(({ items }) => (items.length > 100 ? { status: 413 } : { status: 202 }));
    deliverTo(url);
    push(300);
    await until(() => delivery!.stats().delivered === 300);
    expect(delivery!.stats()).toMatchObject({ delivered: 300, rejected: 0 });
  });

  it('reads its token anew at each post', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
    const tokenFile = join(directory, 'token');
    const { url } = await start();
    deliverTo(url, { tokenFile });
    for (const token of ['first', 'second']) {
      writeFileSync(tokenFile, `${token}\n`);
      const sent = operator!.requests.length;
      push(1);
      await until(() => operator!.requests.length > sent && delivery!.stats().waiting === 0);
    }
    rmSync(directory, { recursive: true });
    expect(operator!.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ]);
    expect(lines.join()).not.toContain('second');
  });

  it('sends what waits before it closes, and counts what it could not', async () => {
    const gone = await start();
    const { url } = gone;
    const first = deliverTo(url);
    push(3);
    await first.close(2000);
    expect(first.stats()).toMatchObject({ delivered: 3, dropped: 0 });
    await gone.close();
    const second = deliverTo(url);
    push(3);
    await second.close(100);
    expect(second.stats()).toMatchObject({ delivered: 0, dropped: 3, waiting: 0 });
  });
});
