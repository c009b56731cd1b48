import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { toMessage } from '../src/cpu/observation.ts';
import { createDelivery, type Delivery } from '../src/deliver/delivery.ts';
import { createPoster } from '../src/deliver/post.ts';
import { createSpool } from '../src/deliver/spool/spool.ts';
import type { Outgoing } from '../src/source.ts';
import { makeFolder, mountDisk, whyNoDisk } from './folder.ts';
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

  interface Settings {
    readonly tokenFile?: string;
    readonly queueLimit?: number;
    /** Folder of the spool. */
    readonly folder?: string;
    readonly wallMs?: () => number;
  }
  const deliverTo = (url: string, settings: Settings = {}): Delivery => {
    const { tokenFile = null, queueLimit = 10_000, folder, wallMs = Date.now } = settings;
    const poster = createPoster({ url, token: null, tokenFile, caFile: null }, wallMs);
    const spool =
      folder === undefined
        ? null
        : createSpool(
            { directory: folder, limitBytes: 1_048_576, retryMs: 100 },
            log,
            systemClock.monotonicMs,
          );
    delivery = createDelivery(poster, { queueLimit, spool }, log);
    return delivery;
  };
  const inFolder = (): string => {
    const folder = makeFolder();
    onTestFinished(() => folder.remove());
    return folder.path;
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
  const push = (count: number, isSummary = false, first = 0): void => {
    for (let id = first; id < first + count; id += 1) delivery?.push(outgoing(id, isSummary));
  };
  const upTo = (count: number, first = 0): readonly number[] =>
    Array.from({ length: count }, (_, index) => first + index);
  const numbersOf = ({ headers }: Request) => ({
    stream: headers['kernelgossip-stream'],
    first: Number(headers['kernelgossip-sequence']),
    dropped: Number(headers['kernelgossip-dropped']),
  });

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
    expect(sentIds()).toEqual(upTo(1100));
    expect(operator!.requests.map(numbersOf).map(({ first }) => first)).toEqual([0, 500, 1000]);
    expect(new Set(operator!.requests.map(numbersOf).map(({ stream }) => stream)).size).toBe(1);
    expect(operator!.connections()).toBe(1);
    expect(delivery!.stats()).toEqual({
      waiting: 0,
      delivered: 1100,
      rejected: 0,
      dropped: 0,
      batches: 3,
      failures: 0,
      spool: null,
    });
  });

  it('loses nothing while the operator is away, within the bound', async () => {
    const { url, port } = await down();
    deliverTo(url);
    push(700);
    await until(() => delivery!.stats().failures >= 2);
    expect(delivery!.stats()).toMatchObject({ waiting: 700, delivered: 0, dropped: 0 });
    await start(undefined, port);
    await until(() => delivery!.stats().delivered === 700);
    expect(sentIds()).toEqual(upTo(700));
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
    expect(numbersOf(operator!.requests[0]!)).toMatchObject({ first: 0, dropped: 3 });
    expect(lines.some((line) => line.includes('"dropped":3'))).toBe(true);
  });

  it.each([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }],
    ['503', { status: 503 }],
    ['401, until someone grants the right', { status: 401 }],
    ['403 without a word about the observations', { status: 403, body: { accepted: 0, rejected: [] } }],
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
      { status: 403, body: { accepted: 0, rejected } },
    ];
    let calls = 0;
    const { url } = await start(() => answers[calls++] ?? { status: 500 });
    deliverTo(url);
    push(3);
    await until(() => delivery!.stats().delivered === 2);
    push(3);
    await until(() => delivery!.stats().rejected === 4);
    push(3);
    await until(() => delivery!.stats().rejected === 7);
    expect(delivery!.stats()).toMatchObject({ waiting: 0, delivered: 2, rejected: 7 });
    expect(operator!.requests).toHaveLength(3);
    const line = lines.find((text) => text.includes('rejected an observation'));
    expect(JSON.parse(line ?? '')).toMatchObject({ path: 'pod_uid', expected: 'a pod UID', got: '"x"' });
  });

  it('makes batches smaller until they are not too large', async () => {
    const { url } = await start(({ items }) => (items.length > 100 ? { status: 413 } : { status: 202 }));
    deliverTo(url);
    push(300);
    await until(() => delivery!.stats().delivered === 300);
    expect(delivery!.stats()).toMatchObject({ delivered: 300, rejected: 0 });
    const taken = operator!.requests.filter(({ items }) => items.length <= 100);
    // The same numbers for the same observations, whatever was tried before.
    expect(taken.map((request) => numbersOf(request).first)).toEqual([0, 75, 150, 225]);
    expect(taken.flatMap(({ items }) => items)).toHaveLength(300);
  });

  it('reads its token anew at each post', async () => {
    const tokenFile = join(inFolder(), 'token');
    const { url } = await start();
    deliverTo(url, { tokenFile });
    for (const token of ['first', 'second']) {
      writeFileSync(tokenFile, `${token}\n`);
      const sent = operator!.requests.length;
      push(1);
      await until(() => operator!.requests.length > sent && delivery!.stats().waiting === 0);
    }
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

  it('compresses what is worth it, until someone does not understand that', async () => {
    const { url } = await start(({ headers }) =>
      headers['content-encoding'] === 'gzip' && sentIds().length > 100 ? { status: 415 } : { status: 202 },
    );
    deliverTo(url);
    push(1);
    await until(() => delivery!.stats().delivered === 1);
    push(50);
    await until(() => delivery!.stats().delivered === 51);
    push(100);
    await until(() => delivery!.stats().delivered === 151);
    push(100);
    await until(() => delivery!.stats().delivered === 251);
    const encodings = operator!.requests.map(({ headers }) => headers['content-encoding']);
    expect(encodings).toEqual([undefined, 'gzip', 'gzip', undefined, undefined]);
    const { content, items } = operator!.requests[1]!;
    expect(content.length * 5).toBeLessThan(JSON.stringify(items).length);
    expect(delivery!.stats()).toMatchObject({ failures: 0, rejected: 0 });
  });

  it('repeats the same bytes under the same numbers when an answer is lost', async () => {
    let calls = 0;
    // The operator takes the first two, and the connection breaks before it can say so.
    const { url } = await start(() => ((calls += 1) <= 2 ? null : { status: 202 }));
    deliverTo(url);
    push(40);
    await until(() => delivery!.stats().failures === 1);
    push(10, false, 40);
    await until(() => delivery!.stats().delivered === 50);
    const [first, second, third, fourth] = operator!.requests;
    expect(second!.content.equals(first!.content)).toBe(true);
    expect(third!.content.equals(first!.content)).toBe(true);
    expect([first, second, third].map((request) => numbersOf(request!))).toEqual(
      Array(3).fill({ ...numbersOf(first!), first: 0 }),
    );
    expect(numbersOf(fourth!)).toEqual({ ...numbersOf(first!), first: 40 });
    expect(fourth!.items).toHaveLength(10);
  });

  it('takes a connection that was closed while idle for no failure', async () => {
    const { url, port } = await start();
    deliverTo(url);
    push(1);
    await until(() => delivery!.stats().delivered === 1);
    await operator!.close();
    await start(undefined, port);
    push(1);
    await until(() => delivery!.stats().delivered === 2);
    expect(delivery!.stats()).toMatchObject({ delivered: 2 });
    expect(lines.join()).not.toContain('ECONNRESET');
  });

  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('goes on when the clock is set %s', async (_, stepMs) => {
    let offsetMs = 0;
    const wallMs = () => Date.now() + offsetMs;
    const { url } = await start(() => {
      if (offsetMs !== 0) return { status: 202 };
      // By the clock of before: a date, which the step makes past, or a length of time, which no step changes.
      const wait = stepMs > 0 ? new Date(wallMs() + 1000).toUTCString() : '1';
      offsetMs = stepMs;
      return { status: 503, headers: { 'retry-after': wait } };
    });
    deliverTo(url, { wallMs });
    push(1);
    await until(() => delivery!.stats().delivered === 1);
    expect(operator!.requests).toHaveLength(2);
  });

  describe('with a spool', () => {
    it('puts on disk what waits while the operator is away, and sends it in order', async () => {
      const folder = inFolder();
      const { url, port } = await down();
      deliverTo(url, { folder, queueLimit: 100 });
      push(90);
      await until(() => delivery!.stats().failures >= 1);
      for (let first = 90; first < 790; first += 70) {
        push(70, false, first);
        await until(() => delivery!.stats().spool?.observations === first - 20);
      }
      expect(delivery!.stats()).toMatchObject({ waiting: 90, dropped: 0 });
      expect(delivery!.stats().spool).toMatchObject({ observations: 700, failure: null });
      await start(undefined, port);
      await until(() => delivery!.stats().delivered === 790);
      expect(sentIds()).toEqual(upTo(790));
      await until(() => segmentsIn(folder).length === 0);
      expect(segmentsIn(folder)).toEqual([]);
    });

    it('sends after a restart what waited before it, once', async () => {
      const folder = inFolder();
      const taken = new Set<string>();
      let isLosingAnswers = true;
      const takeIn = (request: Request): Answer | null => {
        const { stream, first } = numbersOf(request);
        request.items.forEach((_, index) => taken.add(`${String(stream)} ${first + index}`));
        return isLosingAnswers ? null : { status: 202 };
      };
      const { url } = await start(takeIn);
      const first = deliverTo(url, { folder });
      push(600);
      await until(() => first.stats().failures >= 1);
      await first.close(0);
      expect(first.stats()).toMatchObject({ delivered: 0, dropped: 0, waiting: 500 });
      // It was taken, but the observer could not know.
      expect(taken.size).toBe(500);
      isLosingAnswers = false;
      const second = deliverTo(url, { folder });
      push(100, false, 600);
      await until(() => second.stats().delivered === 700);
      expect(taken.size).toBe(700);
      const [again, ...rest] = operator!.requests.slice(-3);
      expect(numbersOf(again!)).toEqual(numbersOf(operator!.requests[0]!));
      expect(rest.map((request) => numbersOf(request).first)).toEqual([0, 100]);
      expect(numbersOf(rest[0]!).stream).not.toBe(numbersOf(again!).stream);
      expect(sentIds().slice(-700)).toEqual(upTo(700));
    });

    it('tells the operator what was lost, also what an earlier observer lost', async () => {
      const folder = inFolder();
      const { url, port } = await down();
      const first = deliverTo(url, { folder });
      push(20);
      await until(() => first.stats().failures >= 1);
      push(20, false, 20);
      await first.close(0);
      const [segment = ''] = segmentsIn(folder);
      appendFileSync(join(folder, segment), 'torn');
      await start(undefined, port);
      const second = deliverTo(url, { folder });
      await until(() => second.stats().delivered === 40);
      push(1, false, 40);
      await until(() => second.stats().delivered === 41);
      expect(second.stats()).toMatchObject({ dropped: 1, spool: { unreadable: 1 } });
      expect(sentIds()).toEqual(upTo(41));
      expect(numbersOf(operator!.requests.at(-1)!).dropped).toBe(1);
      expect(lines.some((line) => line.includes('"unreadable":1'))).toBe(true);
    });

    it.skipIf(whyNoDisk() !== null)('goes on in memory when the disk is full, and says so once', async () => {
      const disk = mountDisk(64);
      onTestFinished(() => disk.remove());
      const { url, port } = await down();
      deliverTo(url, { folder: disk.path, queueLimit: 400 });
      push(10);
      await until(() => delivery!.stats().failures >= 1);
      for (let first = 10; first < 410; first += 10) {
        push(10, first % 20 === 0, first);
        await sleep(5);
      }
      await until(() => delivery!.stats().spool?.failure !== null);
      expect(delivery!.stats().spool?.failure).toContain('ENOSPC');
      expect(delivery!.stats().dropped).toBe(0);
      await start(undefined, port);
      await until(() => delivery!.stats().delivered === 410);
      expect(sentIds()).toEqual(upTo(410));
      expect(lines.filter((line) => line.includes('kept in memory only'))).toHaveLength(1);
      await delivery!.close(0);
      delivery = null;
    });
  });
});

const segmentsIn = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => name.startsWith('segment-'));
