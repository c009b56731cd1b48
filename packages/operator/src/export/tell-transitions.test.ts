import { describe, expect, it } from 'vitest';
import type { Change, KernelWhisper } from 'kernel-gossip-types';
import { whisperWith } from '../assess/testing.ts';
import { ObjectIndex } from '../store/object-index.ts';
import type { Follower, Store } from '../store/port.ts';
import { tellTransitions } from './tell-transitions.ts';
import { whisperEvents } from './whisper-events.ts';

/** Generation 3 of a whisper, with a status that speaks of this generation. */
const whisper = (name: string, percent: number, assessed: number): KernelWhisper => {
  const made = whisperWith(
    { throttled_percent: percent, severity: percent > 80 ? 'critical' : 'info' },
    { phase: 'Open', insight: `at ${percent}%`, observed_generation: assessed },
  );
  return { ...made, metadata: { ...made.metadata, name } };
};

/** An index, and what changes it as a store would. */
async function followed(standing: readonly KernelWhisper[]) {
  const index = new ObjectIndex('KernelWhisper');
  const state: { follower: Follower<'KernelWhisper'> | null } = { follower: null };
  const follow = (_: string, follower: Follower<'KernelWhisper'>) => {
    state.follower = follower;
    follower.replace(standing);
    return Promise.resolve();
  };
  await index.follow({ follow } as unknown as Store, AbortSignal.abort());
  const told: string[] = [];
  const stop = tellTransitions(index, whisperEvents, ({ name, body }) => told.push(`${name}: ${body}`));
  const change = (type: Change['type'], object: KernelWhisper) => state.follower?.change({ type, object });
  return { told, stop, change };
}

describe('telling transitions', () => {
  it('says nothing of what stands, and no more when it is ended', async () => {
    const { told, stop, change } = await followed([whisper('a', 85, 3)]);
    expect(told).toEqual([]);
    change('ADDED', whisper('b', 85, 3));
    stop();
    change('ADDED', whisper('c', 85, 3));
    expect(told).toEqual(['kernel_gossip.whisper.opened: at 85%']);
  });

  it('waits until the words speak of the figures', async () => {
    const { told, change } = await followed([whisper('a', 40, 3)]);
    change('MODIFIED', whisper('a', 85, 2));
    expect(told).toEqual([]);
    change('MODIFIED', whisper('a', 85, 3));
    expect(told).toEqual(['kernel_gossip.whisper.changed: at 85%']);
  });

  it('says that an open one is gone, once', async () => {
    const { told, change } = await followed([whisper('a', 40, 3)]);
    change('DELETED', whisper('a', 40, 3));
    change('DELETED', whisper('a', 40, 3));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^kernel_gossip\.whisper\.removed/);
  });
});
