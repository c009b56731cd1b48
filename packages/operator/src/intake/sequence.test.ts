import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceLedger } from './sequence.ts';

describe('SequenceLedger', () => {
  it('skips what was taken, and nothing else', () => {
    const ledger = new SequenceLedger();
    expect(ledger.judge('a', 0, 3)).toEqual({ skip: 0 });
    ledger.taken('a', 3);
    expect(ledger.judge('a', 0, 3)).toEqual({ skip: 3 });
    expect(ledger.judge('a', 2, 5)).toEqual({ skip: 1 });
    expect(ledger.judge('a', 3, 5)).toEqual({ skip: 0 });
    expect(ledger.judge('b', 0, 3)).toEqual({ skip: 0 });
  });

  it('does not take a gap for something taken, nor go back', () => {
    const ledger = new SequenceLedger();
    ledger.taken('a', 10);
    ledger.taken('a', 4);
    expect(ledger.judge('a', 8, 4)).toEqual({ skip: 2 });
    expect(ledger.judge('a', 50, 4)).toEqual({ skip: 0 });
  });

  it('tells a loss once, however often it is told', () => {
    const ledger = new SequenceLedger();
    const told = [0, 5, 5, 3, 9].map((dropped) => ledger.taken('a', 1, dropped).lost);
    expect(told).toEqual([0, 5, 0, 0, 4]);
    expect(ledger.taken('b', 1, 2)).toEqual({ lost: 2 });
  });

  it('forgets the stream that was silent longest', () => {
    const ledger = new SequenceLedger(2);
    for (const stream of ['a', 'b', 'a', 'c']) ledger.taken(stream, 1);
    expect(ledger.size).toBe(2);
    expect(['a', 'b', 'c'].map((stream) => ledger.judge(stream, 0, 1).skip)).toEqual([1, 0, 1]);
  });

  it('makes a sender that repeats whatever is not answered count once', () => {
    // Of each try the operator took the batch or not, and its answer came back or not; a batch may be cut after a 413.
    const attempt = fc.record({
      arrives: fc.boolean(),
      answered: fc.boolean(),
      most: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.nat(60), fc.array(attempt, { maxLength: 60 }), (total, attempts) => {
        const ledger = new SequenceLedger();
        const taken: number[] = [];
        let next = 0;
        for (const { arrives, answered, most } of [...attempts, ...Array<typeof last>(total).fill(last)]) {
          const count = Math.min(most, total - next);
          if (arrives) {
            const { skip } = ledger.judge('s', next, count);
            for (let number = next + skip; number < next + count; number += 1) taken.push(number);
            ledger.taken('s', next + count);
          }
          if (arrives && answered) next += count;
        }
        expect(taken).toEqual(Array.from({ length: total }, (_, number) => number));
      }),
    );
  });

  it('never has more streams than it may', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 5 }), (streams, most) => {
        const ledger = new SequenceLedger(most);
        for (const stream of streams) {
          ledger.taken(String(stream), 1);
          expect(ledger.judge(String(stream), 0, 1)).toEqual({ skip: 1 });
          expect(ledger.size).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});

const last = { arrives: true, answered: true, most: 9 };
