import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginAt, judge, type BudgetSettings, type BudgetState } from './budget.ts';

const settings: BudgetSettings = { budgetPercent: 5, windowMs: 60_000, calmWindows: 5, highest: 4 };
const start = beginAt({ atMs: 0, cpuMs: 0 });
/** The levels after windows of a minute with so many percent each. */
const levelsOf = (percents: readonly number[], from: BudgetState = start) => {
  let state = from;
  return percents.map((percent) => {
    const { atMs, cpuMs } = state.since;
    const judged = judge(state, { atMs: atMs + 60_000, cpuMs: cpuMs + percent * 600 }, settings);
    state = judged.state;
    return state.level;
  });
};

describe('the budget', () => {
  it('goes up by one level a window that is over it, and no further than the highest', () => {
    expect(levelsOf([5, 5.1, 9, 9, 9, 9, 9])).toEqual([0, 1, 2, 3, 4, 4, 4]);
  });

  it('comes back by one level after five calm windows in a row', () => {
    expect(levelsOf([9, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])).toEqual([
      1, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0, 0,
    ]);
    // Below the budget, but twice of it would not be.
    expect(levelsOf([9, 3, 3, 3, 3, 3, 3])).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(levelsOf([9, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1])).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  });

  it('measures whole windows only, and begins again when a counter does', () => {
    expect(judge(start, { atMs: 59_999, cpuMs: 59_999 }, settings)).toEqual({ state: start, percent: null });
    const busy = { ...start, since: { atMs: 0, cpuMs: 50_000 } };
    const restarted = judge(busy, { atMs: 60_000, cpuMs: 10 }, settings);
    expect(restarted).toEqual({ state: { ...start, since: { atMs: 60_000, cpuMs: 10 } }, percent: null });
    expect(judge(restarted.state, { atMs: 120_000, cpuMs: 1210 }, settings).percent).toBe(2);
  });

  const mark = fc.record({
    passedMs: fc.integer({ min: 1, max: 90_000 }),
    percent: fc.integer({ min: 0, max: 400 }),
  });

  it('changes by one level at a time, never twice within a window, and never down sooner than after the calm', () => {
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 200 }), (marks) => {
        let state = start;
        let now = { atMs: 0, cpuMs: 0 };
        let changedAtMs = 0;
        for (const { passedMs, percent } of marks) {
          now = { atMs: now.atMs + passedMs, cpuMs: now.cpuMs + (passedMs * percent) / 100 };
          const { level } = state;
          state = judge(state, now, settings).state;
          if (state.level === level) continue;
          const calmMs = state.level < level ? settings.calmWindows * settings.windowMs : settings.windowMs;
          expect(Math.abs(state.level - level)).toBe(1);
          expect(now.atMs - changedAtMs).toBeGreaterThanOrEqual(calmMs);
          changedAtMs = now.atMs;
        }
      }),
    );
  });

  it('always recovers', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 })), (percents) => {
        const calm = Array<number>(settings.highest * settings.calmWindows).fill(1);
        expect(levelsOf([...percents, ...calm]).at(-1)).toBe(0);
      }),
    );
  });
});
