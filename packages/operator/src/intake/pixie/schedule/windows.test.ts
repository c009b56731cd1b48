import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inNanoseconds, planNext, type Plan, type Window, type WindowRules } from './windows.ts';

const NOON = Date.UTC(2026, 2, 15, 12);
const RULES: WindowRules = { intervalMs: 30_000, lagMs: 10_000, phaseMs: 4000, boundMs: 600_000 };
const run = (fromS: number, toS: number, lostS = 0) => ({
  kind: 'run',
  window: { startMs: NOON + fromS * 1000, endMs: NOON + toS * 1000 },
  lostMs: lostS * 1000,
});

describe('planNext', () => {
  it('begins with the last whole window there is', () => {
    expect(planNext(null, NOON + 14_000, RULES)).toEqual(run(-30, 0));
  });

  it('waits until what belongs to a window has had the time to arrive', () => {
    expect(planNext(NOON, NOON + 43_999, RULES)).toEqual({ kind: 'wait', untilMs: NOON + 44_000 });
    expect(planNext(NOON, NOON + 44_000, RULES)).toEqual(run(0, 30));
  });

  it('makes up window by window for what it missed', () => {
    expect(planNext(NOON, NOON + 300_000, RULES)).toEqual(run(0, 30));
  });

  it('says how much is lost of what is too old', () => {
    expect(planNext(NOON, NOON + 1_000_000, RULES)).toEqual(run(390, 420, 390));
  });

  it('comes back to the grid when the interval is another one', () => {
    expect(planNext(NOON - 13_000, NOON + 300_000, RULES)).toEqual(run(-13, 0));
  });

  it('starts anew from now when the clock was set back by more than a window', () => {
    const plan = planNext(NOON + 3_600_000, NOON + 10_000, RULES);
    expect(plan).toEqual({ kind: 'wait', untilMs: NOON + 44_000 });
  });
});

/** What is written down of a script. */
interface Written {
  readonly takenToMs: number;
  readonly lostMs: number;
}
type Ending = 'taken' | 'failed' | 'crashed';
type Run = Extract<Plan, { kind: 'run' }>;

/** As the scheduler keeps its books: what is lost is lost from the beginning of a run on; a crash loses what was not written. */
const book = (written: Written | null, { window, lostMs }: Run, ending: Ending): Written | null =>
  ending === 'crashed'
    ? written
    : {
        takenToMs: ending === 'taken' ? window.endMs : window.startMs,
        lostMs: (written?.lostMs ?? 0) + lostMs,
      };

/** Time passes, and a window that is due then is run and ends in one of these ways. */
const steps = fc.array(
  fc.record({
    passMs: fc.oneof(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 600_000, max: 3_000_000 })),
    ending: fc.constantFrom<Ending[]>('taken', 'taken', 'failed', 'crashed'),
  }),
  { maxLength: 60 },
);
const rulesOf = fc.record({
  intervalMs: fc.constantFrom(1000, 30_000, 60_000),
  lagMs: fc.constantFrom(0, 10_000),
  phaseMs: fc.integer({ min: 0, max: 300 }),
  boundMs: fc.constant(600_000),
});

describe('windows', () => {
  it('tile time, whatever fails and whoever goes on: all of it is taken once or said to be lost', () => {
    fc.assert(
      fc.property(steps, rulesOf, fc.integer({ min: 0, max: 86_400_000 }), (history, rules, offset) => {
        let nowMs = NOON + offset;
        let beganMs: number | null = null;
        let written: Written | null = null;
        const taken: Window[] = [];
        const ends = new Map<number, number>();
        for (const { passMs, ending } of history) {
          nowMs += passMs;
          const plan: Plan = planNext(written === null ? null : written.takenToMs, nowMs, rules);
          if (plan.kind === 'wait') {
            expect(plan.untilMs).toBeGreaterThan(nowMs);
            continue;
          }
          const { startMs, endMs } = plan.window;
          expect(endMs).toBeLessThanOrEqual(nowMs - rules.lagMs);
          expect(endMs).toBeGreaterThan(startMs);
          expect(endMs - startMs).toBeLessThanOrEqual(rules.intervalMs);
          // Whoever asks again from a beginning asks up to the same end.
          expect(ends.get(startMs) ?? endMs).toBe(endMs);
          ends.set(startMs, endMs);
          if (ending !== 'crashed') beganMs ??= startMs;
          if (ending === 'taken') taken.push(plan.window);
          written = book(written, plan, ending);
        }
        const covered = taken.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
        const { takenToMs, lostMs } = written ?? { takenToMs: 0, lostMs: 0 };
        expect(covered + lostMs).toBe(takenToMs - (beganMs ?? 0));
        for (const [index, { startMs }] of taken.slice(1).entries()) {
          expect(startMs).toBeGreaterThanOrEqual(taken[index]!.endMs);
        }
      }),
    );
  });

  it('share no nanosecond, since both of their ends are inclusive', () => {
    const before = inNanoseconds({ startMs: NOON - 30_000, endMs: NOON });
    const after = inNanoseconds({ startMs: NOON, endMs: NOON + 30_000 });
    expect(after.startNs - before.endNs).toBe(1n);
    expect(after.endNs - before.endNs).toBe(30_000_000_000n);
  });
});
