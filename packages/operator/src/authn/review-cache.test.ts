import { describe, expect, it, vi } from 'vitest';
import { isKernelGossipError } from 'kernel-gossip-types';
import { ReviewCache, type Reviewed } from './review-cache.ts';

const granted = (answer: string): Reviewed<string> => ({ answer, granted: true, keepMs: 60 });
const refused = (answer: string): Reviewed<string> => ({ answer, granted: false, keepMs: 10 });

describe('answers about senders', () => {
  it('are kept for as long as each says', async () => {
    let now = 0;
    const cache = new ReviewCache<string>({ now: () => now });
    const ask = vi.fn(() => Promise.resolve(granted('yes')));
    await cache.get('a', ask);
    now = 59;
    expect(await cache.get('a', ask)).toBe('yes');
    expect(ask).toHaveBeenCalledTimes(1);
    now = 60;
    await cache.get('a', ask);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('replace one another: who was refused may be granted, and the other way round', async () => {
    let now = 0;
    const cache = new ReviewCache<string>({ now: () => now });
    await cache.get('a', () => Promise.resolve(refused('no')));
    now = 10;
    expect(await cache.get('a', () => Promise.resolve(granted('yes')))).toBe('yes');
    now = 70;
    expect(await cache.get('a', () => Promise.resolve(refused('no')))).toBe('no');
    expect(await cache.get('a', () => Promise.resolve(granted('never asked')))).toBe('no');
    expect(cache.size).toBe(1);
  });

  it('are asked for once, however many wait', async () => {
    const cache = new ReviewCache<string>();
    const { promise, resolve } = Promise.withResolvers<Reviewed<string>>();
    const ask = vi.fn(() => promise);
    const waiting = [cache.get('a', ask), cache.get('a', ask), cache.get('a', ask)];
    resolve(granted('yes'));
    expect(await Promise.all(waiting)).toEqual(['yes', 'yes', 'yes']);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('are asked for again after a failure', async () => {
    const cache = new ReviewCache<string>();
    await expect(cache.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.get('a', () => Promise.resolve(granted('yes')))).toBe('yes');
  });

  it('are bounded, and what is refused pushes nothing out that was granted', async () => {
    const cache = new ReviewCache<string>({ maxEntries: 2 });
    await cache.get('good', () => Promise.resolve(granted('yes')));
    for (let at = 0; at < 100; at += 1) await cache.get(`bad-${at}`, () => Promise.resolve(refused('no')));
    expect(cache.size).toBe(3);
    const again = vi.fn(() => Promise.resolve(refused('no')));
    expect(await cache.get('good', again)).toBe('yes');
    expect(await cache.get('bad-99', again)).toBe('no');
    expect(again).not.toHaveBeenCalled();
    await cache.get('bad-0', again);
    expect(again).toHaveBeenCalledTimes(1);
  });

  /** A cache that asks one question at a time, one that is under way until it is let go, and what is asked meanwhile. */
  const busy = (maxWaiting: number) => {
    let now = 0;
    const cache = new ReviewCache<string>({ maxOpen: 1, maxWaiting, now: () => now });
    const { promise, resolve } = Promise.withResolvers<Reviewed<string>>();
    const first = cache.get('first', () => promise);
    const asked: string[] = [];
    const ask = (key: string): Promise<unknown> =>
      cache
        .get(key, () => {
          asked.push(key);
          return Promise.resolve(granted(key));
        })
        .catch((error: unknown) => error);
    const letGo = async (at: number): Promise<void> => {
      now = at;
      resolve(granted('yes'));
      await first;
    };
    return { ask, asked, letGo };
  };
  const isRefused = (answer: unknown): boolean => isKernelGossipError(answer, 'KG_STORE_UNAVAILABLE');

  it('wait their turn beyond a number at a time', async () => {
    const { ask, asked, letGo } = busy(3);
    const waiting = ['a', 'b', 'b', 'c'].map(ask);
    await Promise.resolve();
    expect(asked).toEqual([]);
    await letGo(10_000);
    expect(await Promise.all(waiting)).toEqual(['a', 'b', 'b', 'c']);
    expect(asked).toEqual(['a', 'b', 'c']);
    expect(await ask('d')).toBe('d');
  });

  it('are refused where too many wait, and after too long', async () => {
    const { ask, asked, letGo } = busy(1);
    const waiting = ask('a');
    expect(isRefused(await ask('b'))).toBe(true);
    await letGo(10_001);
    expect(isRefused(await waiting)).toBe(true);
    expect(asked).toEqual([]);
    expect(await ask('a')).toBe('a');
  });
});
