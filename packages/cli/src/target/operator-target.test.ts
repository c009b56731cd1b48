import type { KernelWhisper } from 'kernel-gossip-types';
import { expect, onTestFinished, test, vi } from 'vitest';
import { realOperator } from '../testing/real-operator.ts';
import { scriptedOperator } from '../testing/scripted-operator.ts';
import { whisper } from '../testing/whispers.ts';
import { wireTo } from '../testing/wire.ts';
import { OperatorTarget } from './operator-target.ts';
import type { Heard } from './target.ts';

// An operator is started, and what was cut is tried again after a while.
vi.setConfig({ testTimeout: 60_000 });

const targetAt = (url: URL): OperatorTarget =>
  new OperatorTarget({ url, origin: 'test', token: null, timeoutMs: 10_000 });

/** What a follower hears of whispers, in words. */
function following(target: OperatorTarget): readonly string[] {
  const ending = new AbortController();
  const heard: string[] = [];
  const share = ({ spec }: KernelWhisper): string => String(spec.throttled_percent);
  const worded = (one: Heard<KernelWhisper>): string => {
    if (one.type === 'everything') return ['everything', ...one.objects.map(share)].join(' ');
    return one.type === 'change' ? share(one.change.object) : one.type;
  };
  const follow = async (): Promise<void> => {
    const live = (): void => {
      heard.push('live');
    };
    for await (const one of target.follow('KernelWhisper', null, ending.signal, live))
      heard.push(worded(one));
  };
  const done = follow();
  onTestFinished(async () => {
    ending.abort();
    await done;
  });
  return heard;
}

const hears = (heard: readonly string[], last: string, from = 0): Promise<void> =>
  vi.waitFor(() => expect(heard.slice(from).at(-1)).toBe(last), { timeout: 20_000 });

async function throttle(operator: URL, percent: number, second: number): Promise<void> {
  await targetAt(operator).send([
    {
      type: 'cpu_throttle',
      timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
      pod_name: 'web-1',
      namespace: 'shop',
      container_name: 'app',
      throttle_percentage: percent,
      period_seconds: 10,
    },
  ]);
  await vi.waitFor(
    async () => {
      const { items } = await targetAt(operator).list('KernelWhisper', null);
      expect(items.map(({ spec, status }) => [spec.throttled_percent, status?.phase])).toEqual([
        [percent, 'Open'],
      ]);
    },
    { timeout: 20_000 },
  );
}

test('who was away hears what was missed in its order, and no state before it', async () => {
  const operator = new URL(await realOperator());
  const wire = await wireTo(operator);
  await throttle(operator, 30, 0);
  const heard = following(targetAt(wire.url));
  await hears(heard, 'live');
  expect(heard).toEqual(['everything 30', 'live']);
  wire.cut();
  await hears(heard, 'interrupted');
  await throttle(operator, 60, 10);
  await throttle(operator, 95, 20);
  wire.mend();
  await hears(heard, 'live', 2);
  const since = heard.slice(2).filter((one) => one !== 'interrupted' && one !== 'live');
  expect([...new Set(since)]).toEqual(['60', '95']);
  expect(since).toEqual(since.toSorted());
  expect(wire.sent().match(/^GET \S+\/kernelwhispers /gm)).toHaveLength(1);
});

test('a break in which nothing happened is over when the operator says so', async () => {
  const operator = new URL(await realOperator());
  const wire = await wireTo(operator);
  await throttle(operator, 30, 0);
  const heard = following(targetAt(wire.url));
  await hears(heard, 'live');
  wire.cut();
  await hears(heard, 'interrupted');
  wire.mend();
  await hears(heard, 'live', 2);
  expect(new Set(heard.slice(2))).toEqual(new Set(['interrupted', 'live']));
});

test('a reset whose list fails is asked for again', async () => {
  await using peer = await scriptedOperator();
  peer.script.whispers = [whisper({ spec: { throttled_percent: 30 } })];
  const heard = following(targetAt(new URL(peer.url)));
  await hears(heard, 'live');
  peer.script.whispers = [whisper({ spec: { throttled_percent: 95 } })];
  peer.script.listsFirst = [{ status: 500 }];
  for (const stream of peer.script.streams) stream.destroy();
  await hears(heard, 'live', 2);
  expect(heard).toEqual(['everything 30', 'live', 'interrupted', 'interrupted', 'everything 95', 'live']);
  expect(peer.script.lastEventIds).toEqual([undefined, '40', '40']);
  expect(peer.script.streams.size).toBe(1);
});

const BUSY = { status: 503, headers: { 'retry-after': '0' } };

test('a list is asked for again while the operator says that it is busy', async () => {
  await using peer = await scriptedOperator();
  peer.script.whispers = [whisper()];
  peer.script.listsFirst = [BUSY, BUSY];
  const { items } = await targetAt(new URL(peer.url)).list('KernelWhisper', null);
  expect(items).toHaveLength(1);
});

test('an operator that stays busy is said to be, and not asked for ever', async () => {
  await using peer = await scriptedOperator();
  peer.script.listsFirst = Array.from({ length: 10 }, () => BUSY);
  await expect(targetAt(new URL(peer.url)).list('KernelWhisper', 'shop')).rejects.toThrow(
    /namespaces\/shop\/kernelwhispers \(asked 4 times\) answered 503: scripted\. Try again/,
  );
  expect(peer.script.listsFirst).toHaveLength(6);
});

test('one that does not say when to come back is not asked again', async () => {
  await using peer = await scriptedOperator();
  peer.script.listsFirst = [{ status: 503 }];
  await expect(targetAt(new URL(peer.url)).list('KernelWhisper', null)).rejects.toThrow('answered 503');
});

test('a watch that ends does not wait for an operator that is busy', async () => {
  await using peer = await scriptedOperator();
  peer.script.listsFirst = [{ status: 503, headers: { 'retry-after': '60' } }];
  const ending = new AbortController();
  const next = targetAt(new URL(peer.url)).follow('KernelWhisper', null, ending.signal).next();
  await vi.waitFor(() => expect(peer.script.listsFirst).toEqual([]));
  ending.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});
