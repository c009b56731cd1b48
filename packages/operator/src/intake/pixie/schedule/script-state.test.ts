import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { begun, failed, further, iso, newState, taken, type Figures } from './script-state.ts';

const NOON = Date.UTC(2026, 2, 15, 12);
const window = { startMs: NOON, endMs: NOON + 30_000 };
const plan = (lostMs: number) => ({ kind: 'run' as const, window, lostMs });
const figures: Figures = { rows: 10, observations: 4, rejected: 0, unreadable: 0, fault: null };

describe('the state of a script', () => {
  it('counts what is lost as soon as it is given up', () => {
    const once = begun(newState('flows'), plan(390_000), NOON + 50_000);
    expect(once).toMatchObject({ window_end: iso(NOON), last_run: iso(NOON + 50_000), lost_seconds: 390 });
    expect(begun(once, plan(10_000), NOON + 60_000).lost_seconds).toBe(400);
  });

  it('counts failures until a window is taken', () => {
    const twice = failed(failed(newState('flows'), 'one'), 'x'.repeat(5000));
    expect(twice.consecutive_failures).toBe(2);
    expect(twice.message).toHaveLength(1024);
    expect(taken(twice, window.endMs, NOON + 50_000, figures)).toMatchObject({
      window_end: iso(window.endMs),
      last_success: iso(NOON + 50_000),
      consecutive_failures: 0,
      message: null,
      rows: 10,
    });
  });

  it('says what was wrong with some rows, which is no failure, and with all of them, which is one', () => {
    const some = { ...figures, rejected: 3, unreadable: 3, fault: 'network_flows.role: expected 1' };
    expect(taken(newState('flows'), window.endMs, NOON, some)).toMatchObject({
      consecutive_failures: 0,
      message: '3 of 10 rows were not taken, the first because: network_flows.role: expected 1',
    });
    const all = { ...some, rejected: 10, unreadable: 10 };
    expect(taken(newState('flows'), window.endMs, NOON, all)).toMatchObject({
      window_end: iso(window.endMs),
      consecutive_failures: 1,
      last_success: null,
    });
  });

  it('is that of whoever is further, whatever the order in which leaders meet', () => {
    const state = fc
      .option(fc.integer({ min: NOON, max: NOON + 1e9 }), { nil: null })
      .map((end) => ({ ...newState('flows'), window_end: end === null ? null : iso(end) }));
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        const end = (one: typeof a, other: typeof a): string | null => further(one, other).window_end;
        expect(end(a, b)).toBe(end(b, a));
        expect(end(further(a, b), c)).toBe(end(a, further(b, c)));
        expect(end(a, a)).toBe(a.window_end);
        expect(Date.parse(end(a, b) ?? iso(0))).toBe(
          Math.max(Date.parse(a.window_end ?? iso(0)), Date.parse(b.window_end ?? iso(0))),
        );
      }),
    );
  });
});
