import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { KernelGossipError, type PixieSource } from 'kernel-gossip-types';
import type { TableName } from 'kernel-gossip-pxl-scripts';
import { directAddress } from '../src/intake/pixie/client/address.ts';
import { openPixieClient } from '../src/intake/pixie/client/pixie-client.ts';
import type { Take } from '../src/intake/pixie/schedule/row-taker.ts';
import {
  runSchedule,
  type ScheduledScript,
  type ScheduleOptions,
  type ScriptRun,
} from '../src/intake/pixie/schedule/scheduler.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../src/store/port.ts';
import { pixieTable, windowIn } from './support/pixie-play.ts';
import {
  startPixieServer,
  type ReceivedScript,
  type ScriptPlay,
  type Step,
} from './support/pixie-server/index.ts';
import { temporaryFolder } from './support/running-operator.ts';

const REF = { namespace: 'kernel-gossip', name: 'pixie' };

/** A script with windows of one second. */
const script = (name: string, changes: Partial<ScheduledScript> = {}): ScheduledScript => ({
  name,
  intervalSeconds: 1,
  mutation: false,
  probeTtlSeconds: null,
  tracepoints: [],
  tables: ['network_flows'],
  text: `import px\nstart_time = '-1s'\nend_time = px.now()\n`,
  ...changes,
});

/** One row a window, which says which window it is of by its number of connections: seconds since 1970. */
const flowsOf = ({ query }: ReceivedScript, remotes: readonly string[] = ['shop/db-0']): readonly Step[] => {
  const { startNs, endNs } = windowIn(query);
  const connections = endNs / 1_000_000_000n;
  return pixieTable(
    'network_flows',
    remotes.map((remote) => ({
      pod: 'shop/web-1',
      role: 1n,
      remote,
      connections,
      first_time: startNs,
      time_: endNs,
    })),
  );
};

interface Flow {
  readonly remote: string;
  readonly connections: number;
}

interface World {
  readonly store: Store;
  readonly received: readonly ReceivedScript[];
  /** Everything that was taken in, in order. */
  readonly flows: Flow[];
  readonly runs: ScriptRun[];
  readonly lost: number[];
  readonly source: () => Promise<PixieSource>;
  /** Starts a scheduler, as a replica does that became the leader; the result stops it. */
  readonly lead: (changes?: Partial<ScheduleOptions>) => () => Promise<void>;
}

/** A real server, real clients and a real store; what is taken in is only written down. */
async function world(
  scripts: (script: ReceivedScript) => ScriptPlay,
  {
    take,
    store = openSqliteStore({ path: join(temporaryFolder(), 'pixie.db') }),
  }: { take?: Take; store?: Store } = {},
): Promise<World> {
  const server = await startPixieServer({ scripts });
  const flows: Flow[] = [];
  const runs: ScriptRun[] = [];
  const lost: number[] = [];
  const stops: (() => Promise<void>)[] = [];
  const takeAll: Take = (observations) => {
    flows.push(...(observations as readonly Flow[]));
    return Promise.resolve({ accepted: observations.length, rejected: [], error: null });
  };
  const address = directAddress(server.url);
  if (address._tag === 'Left') throw new Error(address.left);
  const lead = (changes: Partial<ScheduleOptions> = {}): (() => Promise<void>) => {
    const client = openPixieClient(address.right);
    const controller = new AbortController();
    const running = runSchedule(
      {
        address: server.url,
        clusterId: 'localhost',
        scripts: [script('flows')],
        client,
        store,
        ref: REF,
        take: async (observations) => {
          await take?.(observations);
          return takeAll(observations);
        },
        observer: {
          ran: (run) => runs.push(run),
          lost: (_script, seconds) => lost.push(seconds),
          ready: () => undefined,
          failed: () => undefined,
        },
        ...changes,
        timing: { lagMs: 100, pauseAfter: () => 50, ...changes.timing },
      },
      controller.signal,
    );
    const stop = async (): Promise<void> => {
      controller.abort();
      await running;
      client.close();
    };
    stops.push(stop);
    return stop;
  };
  onTestFinished(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await server.close();
    await store.close();
  });
  const source = async (): Promise<PixieSource> => (await store.get('PixieSource', REF))!;
  return { store, received: server.received, flows, runs, lost, source, lead };
}

const PATIENCE = { timeout: 20_000, interval: 20 };
const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, PATIENCE);

/** Every second from the first to the last exactly once. */
const expectEachOnce = (flows: readonly Flow[]): void => {
  const seconds = flows.map(({ connections }) => connections);
  const [first = 0] = seconds;
  expect(seconds).toEqual(seconds.map((_, index) => first + index));
};
const scriptIn = ({ status }: PixieSource, name = 'flows') =>
  status?.scripts?.find((state) => state.name === name) ?? null;
const readyIn = ({ status }: PixieSource) => status?.conditions?.find(({ type }) => type === 'Ready') ?? null;

describe('the schedule', { timeout: 60_000 }, () => {
  it('asks for each window once, and the next leader goes on where the last one stopped', async () => {
    const { flows, lead, source } = await world((asked) => flowsOf(asked));
    const stopFirst = lead();
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(3));
    await stopFirst();
    const taken = flows.length;
    expect(Date.parse(scriptIn(await source())?.window_end ?? '')).toBe(flows.at(-1)!.connections * 1000);
    await pause(1500);
    lead();
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(taken + 3));
    expectEachOnce(flows);
  });

  it('leaves nothing out when two lead at once, as they may for a moment, and settles on the one that is further', async () => {
    const { flows, lead, source } = await world((asked) => flowsOf(asked));
    const stopFirst = lead();
    lead();
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(6));
    await stopFirst();
    const taken = flows.length;
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(taken + 2));
    const seconds = [...new Set(flows.map(({ connections }) => connections))].sort((a, b) => a - b);
    expectEachOnce(seconds.map((connections) => ({ remote: '', connections })));
    expect(Date.parse(scriptIn(await source())?.window_end ?? '')).toBeGreaterThanOrEqual(
      (seconds.at(-1)! - 1) * 1000,
    );
  });

  it('runs a window again that broke off, and takes none of its rows twice', async () => {
    const asked: string[] = [];
    const { flows, lead, runs } = await world(function* (received) {
      const window = JSON.stringify(windowIn(received.query), (_key, value: unknown) => String(value));
      const times = asked.push(received.query) && asked.filter((query) => query === received.query).length;
      const [table, rows, eos] = flowsOf(received, ['shop/db-0', 'shop/db-1']);
      expect(window).not.toBe('');
      yield table!;
      yield { ...rows, rows: (rows as Extract<Step, { kind: 'rows' }>).rows.slice(0, 1) } as Step;
      if (times === 1) yield { kind: 'grpcError', code: 13, message: 'a node went away' };
      yield { ...rows, rows: (rows as Extract<Step, { kind: 'rows' }>).rows.slice(1) } as Step;
      yield eos!;
    });
    lead();
    await eventually(() =>
      expect(runs.filter(({ result }) => result === 'ok').length).toBeGreaterThanOrEqual(3),
    );
    const windows = new Set(asked);
    expect(asked.length).toBeGreaterThanOrEqual(2 * (windows.size - 1));
    for (const remote of ['shop/db-0', 'shop/db-1']) {
      expectEachOnce(flows.filter((flow) => flow.remote === remote));
    }
    expect(runs.map(({ result, rows }) => [result, rows]).slice(0, 4)).toEqual([
      ['pixie', 1],
      ['ok', 1],
      ['pixie', 1],
      ['ok', 1],
    ]);
  });

  it('runs a window again whose stream was gone on with after a cut, since rows may be missing', async () => {
    let cuts = 0;
    const { flows, lead, runs } = await world(function* (received) {
      const [table, rows, eos] = flowsOf(received, ['shop/db-0', 'shop/db-1']);
      const batch = rows as Extract<Step, { kind: 'rows' }>;
      yield table!;
      yield { ...batch, rows: batch.rows.slice(0, 1) };
      if (cuts === 0) {
        cuts += 1;
        // What was under way is gone.
        yield { kind: 'cut' };
      } else yield { ...batch, rows: batch.rows.slice(1) };
      yield eos!;
    });
    lead();
    await eventually(() =>
      expect(runs.filter(({ result }) => result === 'ok').length).toBeGreaterThanOrEqual(2),
    );
    for (const remote of ['shop/db-0', 'shop/db-1']) {
      expectEachOnce(flows.filter((flow) => flow.remote === remote));
    }
    expect(runs.some(({ result }) => result === 'pixie')).toBe(true);
  });

  it('stays at a window while nobody takes its rows, and then takes each of them once', async () => {
    let away = false;
    const take: Take = () =>
      away
        ? Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'the store is away'))
        : Promise.resolve({ accepted: 0, rejected: [], error: null });
    const { flows, lead, runs, source } = await world((asked) => flowsOf(asked), { take });
    lead();
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(1));
    away = true;
    const stays = flows.length;
    await eventually(async () => {
      expect(readyIn(await source())).toMatchObject({ reason: 'ScriptFailing' });
    });
    expect(scriptIn(await source())?.message).toBe('the store is away');
    await pause(1500);
    expect(flows.length).toBe(stays);
    away = false;
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(stays + 3));
    expectEachOnce(flows);
    expect(runs.some(({ result }) => result === 'store')).toBe(true);
    await eventually(async () => {
      expect(readyIn(await source())).toMatchObject({ status: 'True', reason: 'Connected' });
    });
  });

  it('goes on while its own bookkeeping cannot be written, and writes it when it can', async () => {
    let away = false;
    const sqlite = openSqliteStore({ path: join(temporaryFolder(), 'pixie.db') });
    const store: Store = {
      name: sqlite.name,
      apply: (kind, draft) => sqlite.apply(kind, draft),
      applyStatus: (kind, ref, patch) =>
        away
          ? Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'the store is away'))
          : sqlite.applyStatus(kind, ref, patch),
      get: (kind, ref) => sqlite.get(kind, ref),
      list: (kind, namespace) => sqlite.list(kind, namespace),
      delete: (kind, ref, uid) => sqlite.delete(kind, ref, uid),
      follow: (kind, follower, signal) => sqlite.follow(kind, follower, signal),
      ping: () => sqlite.ping(),
      close: () => sqlite.close(),
    };
    const { flows, lead, source } = await world((asked) => flowsOf(asked), { store });
    lead();
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(1));
    away = true;
    const before = flows.length;
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(before + 2));
    away = false;
    await eventually(async () => {
      const written = Date.parse(scriptIn(await source())?.window_end ?? '');
      expect(written).toBeGreaterThan(flows[before]!.connections * 1000);
    });
    expectEachOnce(flows);
  });

  it('says whether Pixie answers before the first window is due', async () => {
    const { lead, source } = await world(() => []);
    lead({ scripts: [script('slow', { intervalSeconds: 86_400 })], timing: { lagMs: 86_400_000 } });
    await vi.waitFor(async () => {
      expect((await source()).status?.conditions).toMatchObject([{ type: 'Ready', reason: 'Connected' }]);
    });
  });

  it('makes the PixieSource anew when somebody deletes it', async () => {
    const { flows, lead, store, source } = await world((asked) => flowsOf(asked));
    lead();
    await eventually(() => expect(flows.length).toBeGreaterThanOrEqual(1));
    await store.delete('PixieSource', REF);
    await eventually(async () => expect(scriptIn(await source())?.rows).toBe(1));
    expectEachOnce(flows);
  });

  it('ends a stream that does not end, and the other scripts go on', async () => {
    const { lead, runs, source, flows } = await world(function* (received) {
      if (received.name === 'flows') {
        yield* flowsOf(received);
        return;
      }
      yield* flowsOf(received).slice(0, 2);
      for (;;) yield { kind: 'wait', ms: 100 };
    });
    lead({
      scripts: [script('flows'), script('endless', { text: script('').text })],
      timing: { deadlineMs: 700 },
    });
    await eventually(async () => {
      expect(readyIn(await source())).toMatchObject({ status: 'False', reason: 'ScriptFailing' });
      expect(runs.filter(({ result }) => result === 'ok').length).toBeGreaterThanOrEqual(3);
    });
    expect(scriptIn(await source(), 'endless')?.message).toContain('no end within 700 ms');
    expect(scriptIn(await source())?.consecutive_failures).toBe(0);
    expect(flows.length).toBeGreaterThan(3);
  });

  it('takes no more rows than a window may have, and says so', async () => {
    const { lead, source, flows } = await world((received) =>
      flowsOf(received, ['shop/db-0', 'shop/db-1', 'shop/db-2']),
    );
    lead({ timing: { maxRows: 2 } });
    await eventually(async () => {
      expect(readyIn(await source())).toMatchObject({ status: 'False', reason: 'ScriptFailing' });
    });
    expect(scriptIn(await source())?.message).toMatch(/more than 2 rows/);
    expect(flows.length).toBeLessThanOrEqual(2 * 20);
  });

  it('says which column is not what it should be, and does not run the same window for it again', async () => {
    const { lead, source, received } = await world(({ query }) => [
      { kind: 'table', name: 'network_flows', columns: [{ name: 'time_', type: 'TIME64NS' }] },
      { kind: 'rows', table: 'network_flows', rows: [[windowIn(query).endNs]] },
      { kind: 'eos', table: 'network_flows' },
    ]);
    lead();
    await eventually(async () => {
      expect(readyIn(await source())).toMatchObject({ status: 'False', reason: 'ScriptFailing' });
    });
    expect(scriptIn(await source())).toMatchObject({
      rows: 1,
      observations: 0,
      rejected: 1,
      last_success: null,
    });
    expect(scriptIn(await source())?.message).toMatch(
      /^1 of 1 rows were not taken, .*network_flows\.\w+: expected/,
    );
    expect(new Set(received.map(({ query }) => query)).size).toBe(received.length);
  });

  it('asks for probes again before they expire, and removes those of a script that is gone', async () => {
    const probing = { mutation: true, probeTtlSeconds: 3, tracepoints: ['kg_one_v1'] };
    const lasting = { ...probing, probeTtlSeconds: 600, tracepoints: ['kg_two_v1'] };
    const { lead, received, source } = await world(function* (asked) {
      if (asked.mutation) yield { kind: 'mutation', code: 0, message: '' };
      yield* flowsOf(asked);
    });
    const stop = lead({ scripts: [script('probing', probing), script('lasting', lasting)] });
    const asksOf = (wanted: string) =>
      received.filter(({ name }) => name === wanted).map(({ mutation }) => mutation);
    await eventually(() => expect(asksOf('probing').filter((mutation) => mutation).length).toBe(2));
    await stop();
    expect(asksOf('probing')[0]).toBe(true);
    const [first, ...later] = asksOf('lasting');
    expect([first, ...new Set(later)]).toEqual([true, false]);
    expect(scriptIn(await source(), 'lasting')).toMatchObject({ tracepoints: ['kg_two_v1'] });

    const removals = () => received.filter(({ query }) => query.includes('DeleteTracepoint'));
    lead();
    await eventually(async () => expect(scriptIn(await source(), 'lasting')).toBeNull());
    expect(removals().find(({ name }) => name === 'lasting')).toMatchObject({ mutation: true });
    expect(removals().find(({ name }) => name === 'lasting')?.query).toContain(
      `pxtrace.DeleteTracepoint('kg_two_v1')`,
    );
  });

  it('stops in time though a run is under way, and holds that against nobody', async () => {
    const { lead, source, received } = await world(function* () {
      for (;;) yield { kind: 'wait', ms: 100 };
    });
    const stop = lead({ timing: { graceMs: 300 } });
    await eventually(() => expect(received.length).toBe(1));
    const began = performance.now();
    await stop();
    expect(performance.now() - began).toBeLessThan(3000);
    expect(scriptIn(await source())).toMatchObject({ last_success: null, message: null });
    expect(scriptIn(await source())?.consecutive_failures ?? 0).toBe(0);
  });

  it('lets a run end that needs but a moment', async () => {
    const { lead, source, flows, received } = await world(async function* (asked) {
      await pause(500);
      yield* flowsOf(asked);
    });
    const stop = lead();
    await eventually(() => expect(received.length).toBe(1));
    await stop();
    expect(flows.length).toBe(1);
    expect(Date.parse(scriptIn(await source())?.window_end ?? '')).toBe(flows[0]!.connections * 1000);
  });

  it('takes a million rows in bounded memory, each once', { timeout: 300_000 }, async () => {
    const ROWS = 1_000_000;
    const BATCH = 10_000;
    let counted = 0;
    let highest = 0;
    const take: Take = (observations) => {
      counted += observations.length;
      highest = Math.max(highest, process.memoryUsage().rss);
      return Promise.resolve({ accepted: observations.length, rejected: [], error: null });
    };
    const table: TableName = 'network_flows';
    const { lead, runs } = await world(function* (received) {
      for (let at = 0; at < ROWS; at += BATCH) {
        const remotes = Array.from({ length: BATCH }, (_, index) => `shop/db-${at + index}`);
        const [head, rows, eos] = flowsOf(received, remotes);
        if (at === 0) yield head!;
        yield rows!;
        if (at + BATCH === ROWS) yield eos!;
      }
    });
    const before = process.memoryUsage().rss;
    const stop = lead({
      scripts: [script('flows', { intervalSeconds: 3600, tables: [table] })],
      take,
      timing: { lagMs: 0, deadlineMs: 240_000, graceMs: 0 },
    });
    await vi.waitFor(() => expect(runs.length).toBe(1), { timeout: 240_000, interval: 100 });
    await stop();
    expect(runs[0]).toMatchObject({ result: 'ok', rows: ROWS });
    expect(counted).toBe(ROWS);
    expect(highest - before).toBeLessThan(600e6);
  });
});
