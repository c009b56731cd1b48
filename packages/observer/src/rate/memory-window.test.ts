import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  joinStalls,
  joinWindows,
  stalledPercent,
  usedPercent,
  windowBetween,
  type MemoryReading,
} from './memory-window.ts';

const MIB = 1024 * 1024;
const reading: MemoryReading = {
  inode: 1,
  atMs: 1000,
  level: { usageBytes: 50 * MIB, workingSetBytes: null, limitBytes: 100 * MIB },
  oomKills: 2,
  stall: null,
};
const anyLevel = fc.record({
  usageBytes: fc.nat(),
  workingSetBytes: fc.option(fc.nat()),
  limitBytes: fc.option(fc.nat()),
});
const anyReading = fc.record({
  inode: fc.constantFrom(1, 2),
  atMs: fc.nat({ max: 10_000 }),
  level: anyLevel,
  oomKills: fc.option(fc.nat({ max: 9 })),
  stall: fc.option(fc.record({ stalledSeconds: fc.nat(9), seconds: fc.nat(9) })),
});

describe('usedPercent', () => {
  it.each([
    [{ usageBytes: 50, workingSetBytes: null, limitBytes: 200 }, 25],
    [{ usageBytes: 200, workingSetBytes: 50, limitBytes: 200 }, 25],
    [{ usageBytes: 300, workingSetBytes: 250, limitBytes: 200 }, 100],
    [{ usageBytes: 0, workingSetBytes: null, limitBytes: 0 }, 100],
    [{ usageBytes: 50, workingSetBytes: 50, limitBytes: null }, null],
  ])('of %j is %j', (level, percent) => {
    expect(usedPercent(level)).toBe(percent);
  });

  it('is a share of what there is, and of nothing where there is no limit', () => {
    fc.assert(
      fc.property(anyLevel, (level) => {
        const percent = usedPercent(level);
        if (level.limitBytes === null) expect(percent).toBeNull();
        else expect(percent! >= 0 && percent! <= 100).toBe(true);
      }),
    );
  });
});

describe('windowBetween', () => {
  it('is what happened in between', () => {
    const level = { usageBytes: 10 * MIB, workingSetBytes: 5 * MIB, limitBytes: 100 * MIB };
    expect(windowBetween(reading, { ...reading, atMs: 2500, level, oomKills: 3 })).toEqual({
      seconds: 1.5,
      oomKills: 1,
      highest: reading.level,
      stall: null,
    });
  });

  it.each<[string, Partial<MemoryReading>]>([
    ['the group is another', { inode: 2, atMs: 2000 }],
    ['the clock stood', {}],
    ['the clock went back', { atMs: 900 }],
    ['the kills were reset', { atMs: 2000, oomKills: 1 }],
  ])('is nothing where %s', (_, change) => {
    expect(windowBetween(reading, { ...reading, ...change })).toBeNull();
  });

  it('does not make up a count', () => {
    const after = { ...reading, atMs: 2000 };
    expect(windowBetween({ ...reading, oomKills: null }, after)).toMatchObject({ oomKills: null });
    expect(windowBetween(reading, { ...after, oomKills: null })).toMatchObject({ oomKills: null });
  });

  it('over two steps is the two windows joined, with the highest of all levels', () => {
    fc.assert(
      fc.property(anyReading, anyReading, anyReading, (one, two, three) => {
        const windows = [windowBetween(one, two), windowBetween(two, three)] as const;
        fc.pre(windows[0] !== null && windows[1] !== null);
        const joined = joinWindows(windows[0], windows[1]);
        expect(joined.seconds).toBeCloseTo((three.atMs - one.atMs) / 1000);
        const isCounted = [one, two, three].every(({ oomKills }) => oomKills !== null);
        expect(joined.oomKills).toBe(isCounted ? three.oomKills! - one.oomKills! : null);
        const shares = [one, two, three].map(({ level }) => usedPercent(level));
        if (shares.every((share) => share !== null))
          expect(usedPercent(joined.highest)).toBe(Math.max(...shares));
      }),
    );
  });
});

describe('a stall', () => {
  it('is a share of the time over which it was measured', () => {
    expect(stalledPercent({ stalledSeconds: 1, seconds: 4 })).toBe(25);
    expect(stalledPercent({ stalledSeconds: 0, seconds: 0 })).toBe(0);
    expect(joinStalls(null, { stalledSeconds: 1, seconds: 4 })).toEqual({ stalledSeconds: 1, seconds: 4 });
    expect(joinStalls(null, null)).toBeNull();
    expect(joinStalls({ stalledSeconds: 1, seconds: 4 }, { stalledSeconds: 2, seconds: 1 })).toEqual({
      stalledSeconds: 3,
      seconds: 5,
    });
  });
});
