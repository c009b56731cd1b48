import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deletionBudget, type DeletionRate } from './deletion-budget.ts';

const RATE = { perSecond: 10, burst: 50 };

/** Deletes this many, each coming back when it was told to. Returns when each went, in the order of time. */
function deleteAll(count: number, rate: DeletionRate): { readonly wentMs: number[]; readonly asked: number } {
  let nowMs = 1_000_000;
  const ask = deletionBudget(rate, () => nowMs);
  let waiting = Array.from({ length: count }, () => nowMs);
  const wentMs: number[] = [];
  let asked = 0;
  while (waiting.length > 0) {
    nowMs = Math.min(...waiting);
    waiting = waiting.flatMap((dueMs) => {
      if (dueMs > nowMs) return [dueMs];
      asked += 1;
      const waitMs = ask();
      if (waitMs === 0) wentMs.push(nowMs);
      return waitMs === 0 ? [] : [nowMs + waitMs];
    });
  }
  return { wentMs, asked };
}

describe('the budget of deletions', () => {
  it('lets a burst go at once and the others at its rate, without asking again and again', () => {
    const { wentMs, asked } = deleteAll(1000, RATE);
    const [firstMs = 0] = wentMs;
    expect(wentMs.filter((ms) => ms === firstMs)).toHaveLength(50);
    const seconds = (wentMs.at(-1)! - firstMs) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(95);
    expect(seconds).toBeLessThanOrEqual(97);
    expect(asked).toBeLessThan(3 * 1000);
  });

  it('never lets more go than its rate and one burst, whatever the times', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(gaps, (each) => {
        let nowMs = 1_000_000;
        const ask = deletionBudget(RATE, () => nowMs);
        let gone = 0;
        let forwardMs = 0;
        for (const gap of each) {
          nowMs += gap;
          forwardMs += gap;
          for (let one = 0; one < 20; one += 1) if (ask() === 0) gone += 1;
        }
        expect(gone).toBeLessThanOrEqual(RATE.burst + (forwardMs / 1000) * RATE.perSecond);
      }),
    );
  });
});
