import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { ROWS } from '../testing.ts';
import type { Row } from './cell.ts';
import { memoryPressure } from './memory-pressure.ts';

const MIB = 1n << 20n;
const told = (changes: Row) => {
  const result = memoryPressure.observe({ ...ROWS.memory_pressure, ...changes }, { source: 'pixie' });
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right?.type === 'memory_pressure' ? result.right : null;
};

describe('a row about memory', () => {
  it('tells the lower one of two counts as the share of the limit', () => {
    expect(told({})).toMatchObject({
      type: 'memory_pressure',
      container_name: 'app',
      period_seconds: 30,
      memory_usage_percentage: 95,
      memory_usage_bytes: Number(96n * MIB),
      memory_limit_bytes: Number(100n * MIB),
      oom_kills: 1,
    });
    expect(told({ rss_bytes: 130n * MIB })?.memory_usage_percentage).toBe(96);
    expect(told({ rss_bytes: 130n * MIB, usage_bytes: 120n * MIB })?.memory_usage_percentage).toBe(100);
  });

  it.each([
    ['near its limit', { oom_kills: 0n, usage_bytes: 90n * MIB }, true],
    ['a little below', { oom_kills: 0n, usage_bytes: 89n * MIB }, false],
    ['at 40 %', { oom_kills: 0n, usage_bytes: 40n * MIB, rss_bytes: 40n * MIB }, false],
    ['full of page cache', { oom_kills: 0n, usage_bytes: 100n * MIB, rss_bytes: 20n * MIB }, false],
    ['of which only the kernel said something', { oom_kills: 0n, rss_bytes: -1n }, false],
    ['whose kills nobody counted', { oom_kills: -1n, rss_bytes: 20n * MIB }, false],
    ['without a limit', { oom_kills: 0n, limit_bytes: (1n << 63n) - 4096n }, false],
    ['of which a process was killed', { usage_bytes: -1n, limit_bytes: -1n, rss_bytes: -1n }, true],
  ])('of a container %s', (_, changes, isTold) => {
    expect(told(changes) !== null).toBe(isTold);
  });

  it('says no share that was not measured', () => {
    expect(told({ rss_bytes: -1n })).toMatchObject({ memory_usage_percentage: null, oom_kills: 1 });
    expect(told({ limit_bytes: (1n << 63n) - 4096n })).toMatchObject({
      memory_usage_percentage: null,
      memory_limit_bytes: null,
    });
  });
});
