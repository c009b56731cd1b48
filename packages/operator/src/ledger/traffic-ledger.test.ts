import { describe, expect, it, onTestFinished } from 'vitest';
import { KernelGossipError, type KernelWhisper } from 'kernel-gossip-types';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/port.ts';
import { TrafficLedger, type TrafficOptions } from './traffic-ledger.ts';
import { answered, exchanged } from './traffic-testing.ts';
import { evidence, follow, START_MS } from './whisper-ledger-testing.ts';
import { WhisperLedger } from './whisper-ledger.ts';

const POD = { namespace: 'shop', name: 'web-1' };

interface Bench {
  readonly traffic: TrafficLedger;
  readonly whispers: WhisperLedger;
  readonly clock: { seconds: number };
  /** How often a summary was written. */
  readonly writes: { count: number };
  readonly failing: { now: boolean };
  readonly whisper: () => Promise<KernelWhisper>;
  /** The ledger of another replica. */
  readonly another: () => TrafficLedger;
}

/** Ledgers on a real store in memory. */
async function bench(options: TrafficOptions = {}): Promise<Bench> {
  const real = openSqliteStore('memory');
  const writes = { count: 0 };
  const failing = { now: false };
  const store: Store = {
    name: 'sqlite',
    apply: (kind, draft) => real.apply(kind, draft),
    applyStatus: async (kind, ref, patch) => {
      const isOurs = patch.manager === 'kernel-gossip-traffic';
      if (isOurs && failing.now) throw new KernelGossipError('KG_STORE_UNAVAILABLE', 'away');
      const written = await real.applyStatus(kind, ref, patch);
      if (isOurs) writes.count += 1;
      return written;
    },
    get: (kind, ref) => real.get(kind, ref),
    list: (kind, namespace) => real.list(kind, namespace),
    delete: (kind, ref, uid) => real.delete(kind, ref, uid),
    follow: (kind, follower, signal) => real.follow(kind, follower, signal),
    ping: () => real.ping(),
    close: () => real.close(),
  };
  const { index, stop } = await follow(store);
  const clock = { seconds: 0 };
  const now = (): number => START_MS + clock.seconds * 1000;
  const whispers = new WhisperLedger(store, index, { maxWhispers: 100, now });
  const traffic = new TrafficLedger(store, index, { now, ...options });
  onTestFinished(async () => {
    await stop();
    traffic.close();
    whispers.close();
    await store.close();
  });
  const whisper = async (): Promise<KernelWhisper> => {
    const [only] = await store.list('KernelWhisper');
    if (only === undefined) throw new Error('expected a whisper');
    return only;
  };
  const another = (): TrafficLedger => new TrafficLedger(store, index, { now });
  return { traffic, whispers, clock, writes, failing, whisper, another };
}

describe('the ledger of traffic', () => {
  it('keeps what was told, window by window, of paths the template only', async () => {
    const { traffic } = await bench();
    expect(traffic.podTraffic(POD)).toBeNull();
    traffic.record(answered(10, 0, { path: '/orders/42?token=secret', p99_ms: 12 }));
    traffic.record(exchanged(1000));
    const told = traffic.podTraffic(POD);
    expect(told).toMatchObject({
      kind: 'PodTraffic',
      namespace: 'shop',
      pod_name: 'web-1',
      pod_uid: null,
      since: new Date(START_MS).toISOString(),
      requests: [
        {
          source: 'pixie',
          from: new Date(START_MS - 60_000).toISOString(),
          to: new Date(START_MS).toISOString(),
          method: 'GET',
          path: '/orders/{id}',
          requests: 10,
          p50_ms: null,
          p99_ms: 12,
        },
      ],
      flows: [{ remote: 'shop/db-0', bytes_sent: 1000, bytes_received: null, connections: null }],
      left_out: 0,
    });
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('counts a report once however often it comes, and two paths of one template twice', async () => {
    const { traffic } = await bench();
    const results = [answered(10), answered(10), answered(7, 0, { path: '/orders/43' })].map((one) =>
      traffic.record(one),
    );
    expect(results).toEqual(['repeat', 'nothing', 'repeat']);
    expect(traffic.podTraffic(POD)?.requests.map(({ requests }) => requests)).toEqual([10, 7]);
    expect(traffic.record(answered(0, 0, { path: '/none' }))).toBe('nothing');
  });

  it('takes two requests of one millisecond for two', async () => {
    const { traffic } = await bench();
    const at = (timestamp: string) => answered(1, 0, { timestamp, period_seconds: 0 });
    const [minute] = answered(1).observation.timestamp.split('.');
    const told = ['.000100000Z', '.000200000Z', '.000100000Z'].map((end) =>
      traffic.record(at(minute! + end)),
    );
    expect(told).toEqual(['repeat', 'repeat', 'nothing']);
  });

  it('keeps failures before what is only frequent, and counts what found no room', async () => {
    const { traffic } = await bench({ limits: { perPodAndMinute: 2 } });
    const told = [
      answered(900),
      answered(1, 0, { status: 503 }),
      answered(800, 0, { path: '/cart' }),
      answered(2, 0, { status: 500 }),
    ].map((one) => traffic.record(one));
    expect(told).toEqual(['repeat', 'repeat', 'withheld', 'repeat']);
    const { requests, left_out } = traffic.podTraffic(POD) ?? { requests: [], left_out: null };
    expect(requests.map(({ status }) => status).sort()).toEqual([500, 503]);
    expect(left_out).toBe(2);
  });

  it('tells of the latest pod of a name', async () => {
    const { traffic } = await bench();
    traffic.record(answered(1, -120, {}, 'old'));
    traffic.record(answered(2, 0, {}, 'new'));
    expect(traffic.podTraffic(POD)).toMatchObject({ pod_uid: 'new', requests: [{ requests: 2 }] });
  });

  it('puts a summary on the open whisper, when it is news and not too often', async () => {
    const { traffic, whispers, clock, writes, whisper } = await bench();
    await whispers.record(evidence(90));
    traffic.record(answered(50, -60, { p99_ms: 20 }));
    await traffic.flush();
    expect(writes.count).toBe(0);
    traffic.record(answered(100, 60, { p99_ms: 300 }));
    traffic.record(answered(5, 60, { status: 500 }));
    await traffic.flush();
    expect((await whisper()).status?.traffic).toMatchObject({
      source: 'pixie',
      during: { requests: 105, server_errors: 5 },
      before: { requests: 50, server_errors: 0 },
      latencies: [{ path: '/orders/{id}', p99_ms: 300, before_p99_ms: 20 }],
    });
    // Much is new at once, but it was written just now.
    clock.seconds = 20;
    traffic.record(answered(100, 120, { status: 500, p99_ms: 3000 }));
    await traffic.flush();
    expect(writes.count).toBe(1);
    clock.seconds = 40;
    await traffic.flush();
    expect(writes.count).toBe(2);
    expect((await whisper()).status?.traffic?.during).toMatchObject({ requests: 205, server_errors: 105 });
    // More of the same is no news.
    clock.seconds = 100;
    traffic.record(answered(10, 121, { path: '/orders/44', p99_ms: 3100 }));
    await traffic.flush();
    expect(writes.count).toBe(2);
  });

  it('tells no share of failures where the rest found no room', async () => {
    const { traffic, whispers, whisper } = await bench({ limits: { perPodAndMinute: 2 } });
    await whispers.record(evidence(90));
    traffic.record(answered(5, 60, { status: 500 }));
    traffic.record(answered(900, 60));
    traffic.record(answered(800, 60, { path: '/cart' }));
    await traffic.flush();
    expect((await whisper()).status?.traffic?.during).toMatchObject({
      requests: 905,
      server_errors: 5,
      server_error_percent: null,
    });
  });

  it('leaves a whisper alone that is over, or of another pod, or of another kind', async () => {
    const { traffic, whispers, writes, clock } = await bench();
    await whispers.record(evidence(90));
    await whispers.record({
      ...evidence(0, 30),
      observation: { ...evidence(0, 30).observation, ended: true },
    });
    clock.seconds = 200;
    traffic.record(answered(100, 180));
    traffic.record({ ...answered(100, 20), pod: { ...answered(1).pod, name: 'web-2' } });
    await traffic.flush();
    expect(writes.count).toBe(0);
    // What was going on when it ended is told late.
    traffic.record(answered(100, 60));
    await traffic.flush();
    expect(writes.count).toBe(1);
  });

  it('tries again what could not be written', async () => {
    const { traffic, whispers, writes, failing, whisper } = await bench();
    await whispers.record(evidence(90));
    traffic.record(answered(100, 60));
    failing.now = true;
    await expect(traffic.flush()).rejects.toThrow('away');
    failing.now = false;
    await traffic.flush();
    expect(writes.count).toBe(1);
    expect((await whisper()).status?.traffic?.during.requests).toBe(100);
  });

  it('does not write over what a replica that saw more has written, unless that one is silent', async () => {
    const { traffic, whispers, whisper, another } = await bench();
    await whispers.record(evidence(90));
    traffic.record(answered(100, 60));
    await traffic.flush();
    const other = another();
    const spoke = async (atSeconds: number): Promise<string | undefined> => {
      other.record(answered(40, atSeconds, { source: 'otlp', status: 500 }));
      await other.flush();
      return (await whisper()).status?.traffic?.source;
    };
    expect(await spoke(60)).toBe('pixie');
    expect(await spoke(360)).toBe('otlp');
    other.close();
  });

  it('forgets what is older than half an hour', async () => {
    const { traffic, clock } = await bench();
    traffic.record(answered(1));
    traffic.record(exchanged(1));
    expect(traffic.sizes).toEqual({ requests: 1, flows: 1 });
    clock.seconds = 31 * 60;
    expect(traffic.sizes).toEqual({ requests: 0, flows: 0 });
    expect(traffic.podTraffic(POD)).toBeNull();
    expect(traffic.record(answered(1))).toBe('nothing');
  });
});
