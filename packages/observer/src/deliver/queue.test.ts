import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedQueue } from './queue.ts';

interface Item {
  readonly id: number;
  readonly bytes: number;
  readonly isSummary: boolean;
}
const item = (id: number, isSummary = false, bytes = 1): Item => ({ id, bytes, isSummary });
const upTo = (count: number, bytes = Infinity) => new BoundedQueue<Item>({ count, bytes });
const idsOf = (queue: BoundedQueue<Item>) => queue.take(Infinity).map((taken) => taken.item.id);

describe('BoundedQueue', () => {
  it('lets the oldest summaries go first, then the oldest of all', () => {
    const queue = upTo(3);
    for (const next of [item(0), item(1, true), item(2, true), item(3), item(4)]) queue.push(next);
    expect(queue.dropped).toBe(2);
    queue.push(item(5));
    expect(idsOf(queue)).toEqual([3, 4, 5]);
    expect(queue.dropped).toBe(3);
  });

  it('keeps order through taking and putting back', () => {
    const queue = upTo(10);
    for (const next of [item(0, true), item(1), item(2, true), item(3)]) queue.push(next);
    const taken = queue.take(3);
    queue.push(item(4, true));
    queue.putBack(taken);
    expect(idsOf(queue)).toEqual([0, 1, 2, 3, 4]);
  });

  it('holds few large ones or many small ones', () => {
    const queue = upTo(10, 100);
    for (const next of [item(0, false, 60), item(1, true, 30), item(2, false, 30), item(3, false, 80)])
      queue.push(next);
    expect(queue.bytes).toBe(80);
    expect(idsOf(queue)).toEqual([3]);
    expect(queue).toMatchObject({ bytes: 0, dropped: 3 });
  });

  it('never holds more than its limit, and every item is taken, waiting or counted as dropped', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('push' as const), isSummary: fc.boolean(), bytes: fc.nat(9) }),
      fc.record({ do: fc.constantFrom('take' as const, 'retry' as const), count: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(action, { maxLength: 100 }), (limit, actions) => {
        const queue = upTo(limit, 20);
        const taken: number[] = [];
        let pushed = 0;
        for (const step of actions) {
          if (step.do === 'push') queue.push(item(pushed++, step.isSummary, step.bytes));
          else if (step.do === 'take') taken.push(...queue.take(step.count).map((one) => one.item.id));
          else queue.putBack(queue.take(step.count));
          expect(queue.size).toBeLessThanOrEqual(limit);
          expect(queue.bytes).toBeLessThanOrEqual(20);
        }
        expect(taken).toEqual(taken.toSorted((a, b) => a - b));
        expect(taken.length + queue.size + queue.dropped).toBe(pushed);
      }),
    );
  });
});
