import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorkQueue } from './work-queue.ts';

describe('WorkQueue', () => {
  it('hands out a key once, however often it was added', async () => {
    const queue = new WorkQueue();
    queue.add('a');
    queue.add('a');
    expect(await queue.take()).toBe('a');
    expect(queue.depth).toBe(0);
  });

  it('hands out a key again that was added while it was worked on, and only then', async () => {
    const queue = new WorkQueue();
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(queue.depth).toBe(1);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  it('ends waiting workers when it closes', async () => {
    const queue = new WorkQueue();
    const taken = queue.take();
    queue.close();
    expect(await taken).toBeNull();
  });

  it('hands out every key that was added, and none to two workers at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c', 'd')), async (keys) => {
        const queue = new WorkQueue();
        const inWork = new Set<string>();
        const seen = new Set<string>();
        let collisions = 0;
        const worker = async () => {
          for (let key = await queue.take(); key !== null; key = await queue.take()) {
            if (inWork.has(key)) collisions += 1;
            inWork.add(key);
            await Promise.resolve();
            seen.add(key);
            inWork.delete(key);
            queue.done(key);
          }
        };
        const workers = [worker(), worker(), worker()];
        for (const key of keys) {
          queue.add(key);
          await Promise.resolve();
        }
        while (queue.depth > 0 || inWork.size > 0) await new Promise((resolve) => setImmediate(resolve));
        queue.close();
        await Promise.all(workers);
        expect(collisions).toBe(0);
        expect([...seen].sort()).toEqual([...new Set(keys)].sort());
      }),
      { numRuns: 50 },
    );
  });
});
