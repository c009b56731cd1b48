import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, KernelWhisper } from 'kernel-gossip-types';
import { whisperWith } from '../assess/testing.ts';
import { ObjectIndex, refKey } from '../store/object-index.ts';
import type { Follower, Store } from '../store/port.ts';
import { groupOf } from './whisper-caps-group.ts';
import { OpenWhispers, type Written } from './whisper-caps-open.ts';

/** An index that sees what happens in a store when it is told to, late as a watch may be. */
function lateIndex() {
  const index = new ObjectIndex('KernelWhisper');
  const late: Change<KernelWhisper>[] = [];
  let follower: Follower<'KernelWhisper'> | null = null;
  const store = {
    follow: (_kind: 'KernelWhisper', told: Follower<'KernelWhisper'>) => {
      follower = told;
      return Promise.resolve();
    },
  } as unknown as Store;
  void index.follow(store, new AbortController().signal);
  return {
    index,
    happened: (change: Change<KernelWhisper>) => late.push(change),
    deliver: (count: number) => {
      for (const change of late.splice(0, count)) follower?.change(change);
    },
  };
}

const whisper = (at: number, generation: number, ended: boolean, uid = `uid-${at}`): KernelWhisper => {
  const { metadata, ...rest } = whisperWith({
    pod_name: 'web-1',
    throttled_percent: 85,
    ended_at: ended ? '2026-01-01T00:00:10Z' : undefined,
  });
  return {
    ...rest,
    metadata: {
      ...metadata,
      name: `whisper-${at}`,
      uid,
      generation,
      creationTimestamp: `2026-01-01T00:00:0${at}Z`,
    },
  };
};

const PLACE = { group: groupOf(whisper(0, 1, false).spec), namespace: 'shop' };
const keyOf = (at: number): string => refKey(whisper(at, 1, false).metadata);

const step = fc.record({
  at: fc.nat(2),
  what: fc.constantFrom('open', 'end', 'delete'),
  delivered: fc.nat(1),
  between: fc.nat(1),
});

describe('the count of open whispers', () => {
  it('is never too low however late the index is, and right once it has caught up', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { index, happened, deliver } = lateIndex();
        const open = new OpenWhispers(index);
        const stored = new Map<number, KernelWhisper>();
        const openInStore = () => [...stored.values()].filter(({ spec }) => spec.ended_at === null).length;
        let made = 0;
        const write = (at: number, ended: boolean): Written => {
          const before = stored.get(at)?.metadata;
          const uid = before?.uid ?? `uid-${(made += 1)}`;
          const generation = (before?.generation ?? 0) + 1;
          const object = whisper(at, generation, ended, uid);
          happened({ type: stored.has(at) ? 'MODIFIED' : 'ADDED', object });
          stored.set(at, object);
          return { uid, generation };
        };
        for (const { at, what, delivered, between } of steps) {
          const before = stored.get(at);
          if (what === 'open' && before?.spec.ended_at !== null) {
            open.hold(keyOf(at), PLACE, 0);
            deliver(between);
            open.opened(keyOf(at), write(at, false));
          } else if (what === 'end' && before?.spec.ended_at === null) {
            write(at, true);
            open.over(keyOf(at));
          } else if (what === 'delete' && before !== undefined) {
            stored.delete(at);
            happened({ type: 'DELETED', object: before });
          }
          expect(open.countOfGroup(PLACE.group)).toBeGreaterThanOrEqual(openInStore());
          expect(open.areAtLeast(stored.size)).toBe(true);
          deliver(delivered);
          expect(open.countOfGroup(PLACE.group)).toBeGreaterThanOrEqual(openInStore());
        }
        deliver(Infinity);
        open.releaseOverdue(120_000);
        expect(open.countOfGroup(PLACE.group)).toBe(openInStore());
        expect(open.countOfNamespace('shop')).toBe(openInStore());
        expect(open.areAtLeast(stored.size)).toBe(true);
        expect(open.areAtLeast(stored.size + 1)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('knows the first of a group and the newest of a namespace', () => {
    const { index, happened, deliver } = lateIndex();
    const open = new OpenWhispers(index);
    for (const at of [2, 0, 1]) happened({ type: 'ADDED', object: whisper(at, 1, false) });
    expect(open.firstOf(PLACE.group)).toBeNull();
    deliver(3);
    expect(open.firstOf(PLACE.group)?.metadata.name).toBe('whisper-0');
    expect(open.newestOf('shop')?.metadata.name).toBe('whisper-2');
    happened({ type: 'MODIFIED', object: whisper(0, 2, true) });
    happened({ type: 'DELETED', object: whisper(2, 1, false) });
    deliver(2);
    expect(open.firstOf(PLACE.group)?.metadata.name).toBe('whisper-1');
    expect(open.newestOf('shop')?.metadata.name).toBe('whisper-1');
  });
});
