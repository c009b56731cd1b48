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

  it('are not asked for beyond a number at a time', async () => {
    const cache = new ReviewCache<string>({ maxOpen: 1 });
    const { promise, resolve } = Promise.withResolvers<Reviewed<string>>();
    const first = cache.get('a', () => promise);
    const second = await cache.get('b', () => promise).catch((error: unknown) => error);
    expect(isKernelGossipError(second, 'KG_STORE_UNAVAILABLE')).toBe(true);
    resolve(granted('yes'));
    expect(await first).toBe('yes');
    expect(await cache.get('b', () => Promise.resolve(granted('yes')))).toBe('yes');
  });
});
