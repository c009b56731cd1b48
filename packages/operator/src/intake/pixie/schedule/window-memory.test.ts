import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelGossipError } from 'kernel-gossip-types';
import type { Row } from 'kernel-gossip-pxl-scripts';
import type { Take } from './row-taker.ts';
import { WindowMemory } from './window-memory.ts';
import type { Window } from './windows.ts';

const NOON = Date.UTC(2026, 2, 15, 12);
const window = (index: number): Window => ({
  startMs: NOON + index * 30_000,
  endMs: NOON + (index + 1) * 30_000,
});
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;

const flow = (remote: string): Row => ({
  ...{ time_: ns(NOON + 29_000), first_time: ns(NOON), pod: 'shop/web-1', node: '', role: 1n },
  ...{ remote, remote_port: 80n, protocol: 'http', bytes_sent: 1n, bytes_received: 1n, connections: 1n },
});

/** Counters of a container that was throttled in 9 of 10 periods, from one second of the clock to another. */
const throttled = (fromS: number, toS: number): Row => ({
  ...{ pod: 'shop/web-1', node: '', container: 'app', container_id: '3b'.repeat(32) },
  ...{ first_time: ns(NOON + fromS * 1000), time_: ns(NOON + toS * 1000) },
  ...{ quota_ns: 50_000_000n, period_ns: 100_000_000n, cpu_ns: -1n, cpu_window_ns: -1n },
  ...{ nr_periods_first: BigInt(fromS * 10), nr_periods_last: BigInt(toS * 10) },
  ...{ nr_throttled_first: BigInt(fromS * 9), nr_throttled_last: BigInt(toS * 9) },
  ...{ throttled_ns_first: BigInt(fromS) * 500_000_000n, throttled_ns_last: BigInt(toS) * 500_000_000n },
});

interface Taken {
  readonly remote?: string;
  readonly nr_periods?: number;
}
const collector = (): { readonly taken: Taken[]; readonly take: Take } => {
  const taken: Taken[] = [];
  const take: Take = (observations) => {
    taken.push(...(observations as readonly Taken[]));
    return Promise.resolve({ accepted: observations.length, rejected: [], error: null });
  };
  return { taken, take };
};

describe('the memory of windows', () => {
  it('has each row taken once, however batches are cut and whatever fails in between', async () => {
    const remotes = fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 1500 });
    const attempts = fc.array(fc.nat(4), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(remotes, attempts, async (ids, failures) => {
        const { taken, take } = collector();
        let callsLeft = Infinity;
        const memory = new WindowMemory((observations) => {
          callsLeft -= 1;
          return callsLeft < 0
            ? Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'away'))
            : take(observations);
        });
        const rows = ids.map((id) => flow(`shop/db-${id}`));
        for (const calls of [...failures, Infinity]) {
          callsLeft = calls;
          const taker = memory.takerOf(window(0));
          const run = async (): Promise<void> => {
            for (let at = 0; at < rows.length; at += 700) {
              await taker.batch({ table: 'network_flows', rows: rows.slice(at, at + 700) });
            }
          };
          await run().catch(() => expect(taker.failure?.error).toBeInstanceOf(KernelGossipError));
        }
        expect(taken.map(({ remote }) => remote).sort()).toEqual(rows.map(({ remote }) => remote).sort());
        expect(memory.takerOf(window(0)).figures).toMatchObject({
          rows: rows.length,
          observations: rows.length,
          rejected: 0,
        });
      }),
      { numRuns: 30 },
    );
  });

  it('goes on from the counters of the window before, so that nothing lies between them', async () => {
    const { taken, take } = collector();
    const memory = new WindowMemory(take);
    await memory.takerOf(window(0)).batch({ table: 'cpu_throttle', rows: [throttled(2, 28)] });
    await memory.takerOf(window(1)).batch({ table: 'cpu_throttle', rows: [throttled(33, 58)] });
    expect(taken.map(({ nr_periods }) => nr_periods)).toEqual([260, 300]);
  });

  it('does not bridge time that was left out', async () => {
    const { taken, take } = collector();
    const memory = new WindowMemory(take);
    await memory.takerOf(window(0)).batch({ table: 'cpu_throttle', rows: [throttled(2, 28)] });
    await memory.takerOf(window(2)).batch({ table: 'cpu_throttle', rows: [throttled(63, 88)] });
    expect(taken.map(({ nr_periods }) => nr_periods)).toEqual([260, 250]);
  });

  it('compares with the window before also when this one is run again', async () => {
    const { taken, take } = collector();
    let isAway = true;
    const memory = new WindowMemory((observations) =>
      isAway && taken.length === 1
        ? Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'away'))
        : take(observations),
    );
    const batch = { table: 'cpu_throttle', rows: [throttled(33, 58)] };
    await memory.takerOf(window(0)).batch({ table: 'cpu_throttle', rows: [throttled(2, 28)] });
    await expect(memory.takerOf(window(1)).batch(batch)).rejects.toThrow('away');
    isAway = false;
    await memory.takerOf(window(1)).batch(batch);
    expect(taken.map(({ nr_periods }) => nr_periods)).toEqual([260, 300]);
  });

  it('counts rows of a table that nobody knows as rows that cannot be read', async () => {
    const memory = new WindowMemory(collector().take);
    await memory.takerOf(window(0)).batch({ table: 'tables', rows: [{ name: 'x' }] });
    expect(memory.takerOf(window(0)).figures).toEqual({
      rows: 1,
      observations: 0,
      rejected: 1,
      unreadable: 1,
      fault: 'nobody knows the table tables',
    });
  });
});
