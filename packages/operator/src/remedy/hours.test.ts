import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAllowed, nextAllowedMs } from './hours.ts';

const at = (text: string): number => Date.parse(`${text}Z`);
const part = (from: string, to: string, days: readonly ('Mon' | 'Fri' | 'Sat')[] | null = null) => ({
  from,
  to,
  days,
});

describe('allowed hours', () => {
  it('hold from the first minute to before the last, in UTC', () => {
    const office = [[part('09:00', '17:00', ['Mon'])]];
    expect(isAllowed(office, at('2026-11-23T09:00:00'))).toBe(true);
    expect(isAllowed(office, at('2026-11-23T16:59:59'))).toBe(true);
    expect(isAllowed(office, at('2026-11-23T17:00:00'))).toBe(false);
    expect(isAllowed(office, at('2026-11-24T10:00:00'))).toBe(false);
  });

  it('go over midnight, and belong to the day on which they begin', () => {
    const night = [[part('22:00', '04:00', ['Fri'])]];
    expect(isAllowed(night, at('2026-11-20T23:00:00'))).toBe(true);
    expect(isAllowed(night, at('2026-11-21T03:59:00'))).toBe(true);
    expect(isAllowed(night, at('2026-11-21T23:00:00'))).toBe(false);
    expect(isAllowed(night, at('2026-11-20T03:00:00'))).toBe(false);
  });

  it('hold all day from 00:00 to 24:00, must hold in every policy, and always where no policy has any', () => {
    expect(isAllowed([[part('00:00', '24:00')]], at('2026-11-21T23:59:00'))).toBe(true);
    expect(isAllowed([[part('00:00', '12:00')], [part('11:00', '24:00')]], at('2026-11-21T13:00:00'))).toBe(
      false,
    );
    expect(isAllowed([], 0)).toBe(true);
    expect(isAllowed([[]], 0)).toBe(false);
  });

  it('tell when they begin next', () => {
    expect(nextAllowedMs([[part('09:00', '17:00', ['Mon'])]], at('2026-11-21T10:00:30'))).toBe(
      at('2026-11-23T09:00:00'),
    );
    expect(nextAllowedMs([[part('01:00', '02:00')], [part('03:00', '04:00')]], 0)).toBeNull();
    const times = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, '0')}:30`);
    fc.assert(
      fc.property(times, times, fc.integer({ min: 0, max: 2e12 }), (from, to, nowMs) => {
        const next = nextAllowedMs([[part(from, to)]], nowMs);
        expect(next).not.toBeNull();
        expect(isAllowed([[part(from, to)]], next ?? 0)).toBe(true);
      }),
    );
  });
});
