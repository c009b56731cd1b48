import { describe, expect, it } from 'vitest';
import type { Change, KernelWhisper } from 'kernel-gossip-types';
import { whisperWith } from '../assess/testing.ts';
import { ObjectIndex } from '../store/object-index.ts';
import type { Follower, Store } from '../store/port.ts';
import type { FindingEvent } from './event.ts';
import { tellTransitions } from './tell-transitions.ts';
import { whisperEvents } from './whisper-events.ts';

const isHigh = (percent: number): boolean => percent > 80;

/** Generation 3 of a whisper, with a status that speaks of a generation, which is of this one or of one before. */
const whisper = (
  name: string,
  percent: number,
  { generation = 3, assessed = percent }: { readonly generation?: number; readonly assessed?: number } = {},
): KernelWhisper => {
  const made = whisperWith(
    { throttled_percent: percent, severity: isHigh(percent) ? 'critical' : 'info' },
    {
      phase: 'Open',
      insight: `at ${assessed}%`,
      priority: isHigh(assessed) ? 'high' : 'low',
      observed_generation: generation,
    },
  );
  return { ...made, metadata: { ...made.metadata, name, uid: `uid-${name}`, resourceVersion: '7' } };
};

/** Whose words are about the spec before. */
const behind = (name: string, percent: number, assessed: number): KernelWhisper =>
  whisper(name, percent, { generation: 2, assessed });

/** What is told of an index, and what changes it as a store would. */
function followed() {
  const index = new ObjectIndex('KernelWhisper');
  const state: { follower: Follower<'KernelWhisper'> | null } = { follower: null };
  const follow = (_: string, follower: Follower<'KernelWhisper'>) => {
    state.follower = follower;
    return Promise.resolve();
  };
  void index.follow({ follow } as unknown as Store, AbortSignal.abort());
  const events: FindingEvent[] = [];
  tellTransitions(index, whisperEvents, (event) => events.push(event));
  return {
    events,
    told: () => events.map(({ name, body }) => `${name}: ${body}`),
    replace: (objects: readonly KernelWhisper[]) => state.follower?.replace(objects),
    change: (type: Change['type'], object: KernelWhisper) => state.follower?.change({ type, object }),
  };
}

describe('telling transitions', () => {
  it('says nothing of what stands when the store has been read, and then what comes', () => {
    const { told, replace, change } = followed();
    replace([whisper('a', 85)]);
    expect(told()).toEqual([]);
    change('ADDED', whisper('b', 85));
    replace([whisper('a', 85), whisper('b', 85), whisper('c', 85)]);
    expect(told()).toEqual(['kernel_gossip.whisper.opened: at 85%', 'kernel_gossip.whisper.opened: at 85%']);
  });

  it('waits until the words speak of the figures', () => {
    const { told, replace, change } = followed();
    replace([whisper('a', 40)]);
    change('MODIFIED', behind('a', 85, 40));
    expect(told()).toEqual([]);
    change('MODIFIED', whisper('a', 85));
    expect(told()).toEqual(['kernel_gossip.whisper.changed: at 85%']);
  });

  it('says what was filed while nobody was there to assess it', () => {
    const { told, replace, change } = followed();
    replace([behind('a', 85, 40), behind('b', 85, 90)]);
    change('MODIFIED', whisper('a', 85));
    change('MODIFIED', whisper('b', 85));
    expect(told()).toEqual(['kernel_gossip.whisper.changed: at 85%']);
  });

  it('says that an open one is gone, once', () => {
    const { told, replace, change } = followed();
    replace([whisper('a', 40)]);
    change('DELETED', whisper('a', 40));
    change('DELETED', whisper('a', 40));
    expect(told()).toHaveLength(1);
    expect(told()[0]).toMatch(/^kernel_gossip\.whisper\.removed/);
  });

  it('gives a record the same id on every replica, and no two the same', () => {
    const replicas = [followed(), followed()];
    for (const { replace, change } of replicas) {
      replace([]);
      change('ADDED', whisper('a', 40));
      change('MODIFIED', whisper('a', 85));
      change('ADDED', whisper('b', 85));
      change('DELETED', whisper('a', 85));
    }
    const [one, other] = replicas.map(({ events }) =>
      events.map(({ attributes }) => attributes['log.record.uid']),
    );
    expect(one).toEqual(other);
    expect(new Set(one).size).toBe(4);
  });
});
