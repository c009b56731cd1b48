import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reflect, type ReflectorObserver, type ReflectorOptions } from './reflector.ts';
import {
  json,
  scriptedServer,
  status,
  stream,
  type Reply,
  type ScriptedServer,
  type Seen,
} from './testing.ts';

interface Thing {
  readonly name: string;
  readonly uid: string;
  readonly version: string;
}

const raw = (name: string, uid: string, version: number): object => ({
  metadata: { namespace: 'shop', name, uid, resourceVersion: String(version) },
});
const event = (type: string, object: object): object => ({ type, object });
const bookmark = (version: number): object =>
  event('BOOKMARK', { metadata: { resourceVersion: String(version) } });
const list = (version: number, ...items: readonly object[]): Reply =>
  json({ metadata: { resourceVersion: String(version) }, items });
const gone = event('ERROR', status(410, 'too old resource version', 'Expired'));

const project: ReflectorOptions<Thing>['project'] = (object) => {
  const { name, uid, resourceVersion } = (object as { metadata: Record<string, string> }).metadata;
  if (name === 'bad') return { faults: ['it is bad'] };
  return { value: { name: name ?? '', uid: uid ?? '', version: resourceVersion ?? '' } };
};

let server: ScriptedServer | null = null;
let controller = new AbortController();
let running: Promise<void> = Promise.resolve();
const rejections: unknown[] = [];
const onRejection = (error: unknown): void => void rejections.push(error);

beforeEach(() => {
  controller = new AbortController();
  rejections.length = 0;
  process.on('unhandledRejection', onRejection);
});
afterEach(async () => {
  controller.abort();
  await running;
  await server?.close();
  process.off('unhandledRejection', onRejection);
});

interface Script {
  readonly lists: readonly Reply[];
  readonly watches: readonly Reply[];
}

interface Story {
  readonly told: string[];
  readonly server: ScriptedServer;
  readonly lists: () => readonly Seen[];
  readonly watches: () => readonly Seen[];
  readonly until: (check: () => void) => Promise<void>;
}

/** Runs a reflector against lists and watches in turn; the last of each repeats. */
const play = async (script: Script, options: Partial<ReflectorOptions<Thing>> = {}): Promise<Story> => {
  const counts = { lists: 0, watches: 0 };
  const quiet = stream([]);
  const started = await scriptedServer(({ query }) => {
    const which = query.watch === 'true' ? 'watches' : 'lists';
    const reply = script[which][counts[which]] ?? (which === 'watches' ? quiet : script.lists.at(-1));
    counts[which] += 1;
    return reply ?? quiet;
  });
  server = started;
  const told: string[] = [];
  running = reflect<Thing>(
    {
      api: started.api,
      path: '/things',
      project,
      handler: {
        replace: (things) => told.push(`replace ${things.map(({ uid }) => uid).join(',')}`),
        change: ({ type, object }) => told.push(`${type} ${object.uid}@${object.version}`),
      },
      ...options,
      timing: { firstBackoffMs: 20, longestBackoffMs: 100, ...options.timing },
    },
    controller.signal,
  );
  const of = (watch: boolean): readonly Seen[] =>
    started.seen.filter(({ query }) => (query.watch === 'true') === watch);
  return {
    told,
    server: started,
    lists: () => of(false),
    watches: () => of(true),
    until: (check) => vi.waitFor(check, { timeout: 3000, interval: 5 }),
  };
};

describe('a reflector', () => {
  it('lists page by page, then watches from there with bookmarks', async () => {
    const { told, lists, watches, until } = await play(
      {
        lists: [
          json({ metadata: { resourceVersion: '10', continue: 'next' }, items: [raw('a', 'u1', 1)] }),
          list(10, raw('b', 'u2', 2)),
        ],
        watches: [stream([event('ADDED', raw('c', 'u3', 11)), event('MODIFIED', raw('a', 'u1', 12))])],
      },
      { query: { labelSelector: 'x=y' }, pageSize: 1 },
    );
    await until(() => expect(told).toHaveLength(3));
    expect(told).toEqual(['replace u1,u2', 'ADDED u3@11', 'MODIFIED u1@12']);
    expect(lists().map(({ query }) => query)).toEqual([
      { labelSelector: 'x=y', limit: '1' },
      { labelSelector: 'x=y', limit: '1', continue: 'next' },
    ]);
    expect(watches()[0]?.query).toMatchObject({
      labelSelector: 'x=y',
      resourceVersion: '10',
      allowWatchBookmarks: 'true',
    });
    expect(Number(watches()[0]?.query.timeoutSeconds)).toBeGreaterThanOrEqual(240);
  });

  it('lists again in one piece when a page has expired', async () => {
    const first = json({ metadata: { resourceVersion: '10', continue: 'next' }, items: [raw('a', 'u1', 1)] });
    const { told, lists, until } = await play({
      lists: [
        first,
        json(status(410, 'the continue token is too old', 'Expired'), 410),
        list(20, raw('b', 'u2', 2)),
      ],
      watches: [],
    });
    await until(() => expect(told).toEqual(['replace u2']));
    expect(lists().map(({ query }) => query)).toEqual([
      { limit: '500' },
      { limit: '500', continue: 'next' },
      {},
    ]);
  });

  it.each<[string, Reply]>([
    ['in the stream', stream([gone])],
    ['as the answer', json(status(410, 'too old', 'Expired'), 410)],
  ])('lists again at once after a 410 %s, and tells the difference', async (_, expired) => {
    const { told, watches, until } = await play({
      lists: [
        list(10, raw('a', 'u1', 1), raw('b', 'u2', 2), raw('c', 'u3', 3)),
        list(20, raw('a', 'u4', 15), raw('b', 'u2', 2), raw('c', 'u3', 17)),
      ],
      watches: [expired],
    });
    await until(() => expect(watches()).toHaveLength(2));
    // `a` was deleted and made again in between; `b` is as it was.
    expect(told).toEqual(['replace u1,u2,u3', 'DELETED u1@1', 'ADDED u4@15', 'MODIFIED u3@17']);
    expect(watches()[1]?.query.resourceVersion).toBe('20');
  });

  it('does not list in a tight loop when every watch is refused with 410', async () => {
    const refused = json(status(410, 'too old', 'Expired'), 410);
    const { watches, until } = await play({
      lists: [list(10)],
      watches: Array.from({ length: 50 }, () => refused),
    });
    await until(() => expect(watches().length).toBeGreaterThan(2));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(watches().length).toBeLessThan(15);
  });

  it.each<[string, Reply]>([
    ['503', json(status(503, 'away'), 503)],
    ['401', json(status(401, 'who?'), 401)],
    ['an error in the stream', stream([event('ERROR', status(500, 'etcd is away'))])],
    ['a connection that is cut', (response) => response.destroy()],
    ['what is not JSON', (response) => response.end('<html>\n')],
    ['an end at once', stream([], 'end')],
  ])('watches again from where it stood after %s', async (_, failure) => {
    const { told, lists, watches, until } = await play({
      lists: [list(10, raw('a', 'u1', 1))],
      watches: [failure, failure, failure, stream([event('MODIFIED', raw('a', 'u1', 11))])],
    });
    await until(() => expect(told).toEqual(['replace u1', 'MODIFIED u1@11']));
    expect(lists()).toHaveLength(1);
    // Pauses of 20, 40 and 80 ms, each cut by up to a half; a 401 is tried again once without one.
    const [first, last] = [watches()[0], watches().at(-1)];
    expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(28);
    expect(watches().every(({ query }) => query.resourceVersion === '10')).toBe(true);
  });

  it('goes on after half an event, without losing it', async () => {
    const change = event('MODIFIED', raw('a', 'u1', 11));
    const { told, watches, until } = await play({
      lists: [list(10, raw('a', 'u1', 1))],
      watches: [
        (response) => {
          response.writeHead(200);
          response.write(JSON.stringify(change).slice(0, 25));
          setTimeout(() => response.destroy(), 10);
        },
        (response) => {
          response.writeHead(200);
          response.end(JSON.stringify(change).slice(0, 25));
        },
        stream([change]),
      ],
    });
    await until(() => expect(told).toEqual(['replace u1', 'MODIFIED u1@11']));
    expect(watches().map(({ query }) => query.resourceVersion)).toEqual(['10', '10', '10']);
  });

  it('keeps trying to list, and waits as long as the server asks', async () => {
    const { told, lists, until } = await play(
      {
        lists: [
          json(status(429, 'slow down'), 429, { 'retry-after': '1' }),
          json(status(403, 'forbidden'), 403),
          list(10, raw('a', 'u1', 1)),
        ],
        watches: [],
      },
      { timing: { longestBackoffMs: 300 } },
    );
    await until(() => expect(told).toEqual(['replace u1']));
    const [first, second] = lists().map(({ at }) => at) as [number, number];
    // A server's wish is heeded up to the longest pause.
    expect(second - first).toBeGreaterThan(290);
  });

  it('begins where a bookmark or an event stood', async () => {
    const { watches, until } = await play({
      lists: [list(10)],
      watches: [stream([bookmark(77)], 'end'), stream([event('ADDED', raw('a', 'u1', 80))], 'end')],
    });
    await until(() => expect(watches()).toHaveLength(3));
    expect(watches().map(({ query }) => query.resourceVersion)).toEqual(['10', '77', '80']);
  });

  it('gives up a watch that went dead, and opens another one', async () => {
    const { told, watches, until } = await play(
      { lists: [list(10)], watches: [stream([]), stream([event('ADDED', raw('a', 'u1', 11))])] },
      { timing: { watchMs: 50, idleSlackMs: 20 } },
    );
    await until(() => expect(told).toEqual(['replace ', 'ADDED u1@11']));
    expect(watches().length).toBeGreaterThanOrEqual(2);
  });

  it('lists everything again from time to time, and mends what the watch missed', async () => {
    const { told, lists, until } = await play(
      {
        lists: [list(10, raw('a', 'u1', 1)), list(20, raw('b', 'u2', 15))],
        watches: [],
      },
      { timing: { relistMs: 60 } },
    );
    await until(() => expect(lists().length).toBeGreaterThanOrEqual(2));
    await until(() => expect(told).toEqual(['replace u1', 'DELETED u1@1', 'ADDED u2@15']));
  });

  it('leaves out what it cannot understand, and says so', async () => {
    const undecodable = vi.fn<NonNullable<ReflectorObserver['undecodable']>>();
    const { told, until } = await play(
      {
        lists: [list(10, raw('bad', 'u0', 1), raw('a', 'u1', 1))],
        watches: [
          stream([
            event('ADDED', raw('bad', 'u9', 11)),
            event('MODIFIED', raw('bad', 'u1', 12)),
            event('ADDED', raw('c', 'u3', 13)),
          ]),
        ],
      },
      { observer: { undecodable } },
    );
    // u1 turned into something that cannot be understood: to whoever follows, it is gone.
    await until(() => expect(told).toEqual(['replace u1', 'DELETED u1@1', 'ADDED u3@13']));
    expect(undecodable.mock.calls[0]).toEqual([{ namespace: 'shop', name: 'bad' }, ['it is bad']]);
    expect(undecodable).toHaveBeenCalledTimes(3);
  });

  it('survives a handler that throws', async () => {
    const handlerFailed = vi.fn();
    const change = vi.fn(() => {
      throw new Error('a handler with a fault');
    });
    const { watches, until } = await play(
      {
        lists: [list(10, raw('a', 'u1', 1))],
        watches: [stream([event('MODIFIED', raw('a', 'u1', 11)), event('DELETED', raw('a', 'u1', 12))])],
      },
      { handler: { replace: change, change }, observer: { handlerFailed } },
    );
    await until(() => expect(handlerFailed).toHaveBeenCalledTimes(3));
    expect(watches()).toHaveLength(1);
  });

  it('tells a change once, though the server sends it again', async () => {
    const again = event('ADDED', raw('a', 'u1', 1));
    const { told, until } = await play({
      lists: [list(10, raw('a', 'u1', 1))],
      watches: [
        stream([
          again,
          event('DELETED', raw('a', 'u1', 12)),
          event('DELETED', raw('a', 'u1', 12)),
          event('ADDED', raw('a', 'u2', 13)),
        ]),
      ],
    });
    await until(() => expect(told).toEqual(['replace u1', 'DELETED u1@12', 'ADDED u2@13']));
  });

  it.each<[string, Reply]>([
    ['during a pause', json(status(503, 'away'), 503)],
    ['during a watch', stream([])],
    ['while the server does not answer', () => undefined],
  ])('opens nothing more once stopped %s', async (_, reply) => {
    const {
      watches,
      server: started,
      until,
    } = await play(
      { lists: [list(10)], watches: [reply, reply, reply, reply] },
      { timing: { firstBackoffMs: 60 } },
    );
    await until(() => expect(watches()).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 15));
    controller.abort();
    await running;
    const before = started.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(started.seen).toHaveLength(before);
    expect(rejections).toEqual([]);
  });

  it('counts what it does', async () => {
    const seen: string[] = [];
    const items = vi.fn();
    const { watches, until } = await play(
      {
        lists: [list(10, raw('a', 'u1', 1))],
        watches: [stream([bookmark(11)], 'end'), json(status(503, 'away'), 503), stream([gone])],
      },
      {
        observer: {
          listed: (count) => seen.push(`listed ${count}`),
          watched: (result) => seen.push(result),
          watchGap: (seconds) => seen.push(seconds >= 0 && seconds < 1 ? 'gap' : 'odd gap'),
          items,
        },
      },
    );
    await until(() => expect(watches()).toHaveLength(4));
    await until(() => expect(seen).toHaveLength(7));
    expect(seen).toEqual(['listed 1', 'ended', 'failed', 'gap', 'gone', 'listed 1', 'gap']);
    expect(items).toHaveBeenLastCalledWith(1);
  });
});
