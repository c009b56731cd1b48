import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import { CpuFiles, parseCpuMax } from './cpu-files.ts';
import { createScratch } from './scratch.ts';

let root = '';
const write = (file: string, content: string): void => {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), content);
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const v2 = (): Hierarchy => ({ version: 2, cpu: root, usage: null, memory: root, pids: root });
const v1 = (): Hierarchy => ({
  version: 1,
  cpu: join(root, 'cpu'),
  usage: join(root, 'cpuacct'),
  memory: null,
  pids: null,
});
const scratch = createScratch();
const read = (files: CpuFiles, limitMatters = false) => files.read(scratch, () => 5, limitMatters);

describe('the files of a version 2 group', () => {
  const stat = (periods: number, throttled: number): void =>
    write(
      'a/cpu.stat',
      `usage_usec 900\nuser_usec 1\nsystem_usec 2\nnice_usec 0\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec 77\nnr_bursts 0\nburst_usec 0\n`,
    );

  it('give counters, usage and limit', () => {
    stat(32, 30);
    write('a/cpu.max', '20000 100000\n');
    const files = new CpuFiles(v2(), '/a', 42);
    expect(read(files)).toEqual({
      inode: 42,
      atMs: 5,
      nrPeriods: 32,
      nrThrottled: 30,
      throttledUs: 77,
      usageUs: 900,
      limit: { quotaUs: 20_000, periodUs: 100_000 },
    });
    files.close(scratch.descriptors);
  });

  it('have their limit read again when something was throttled, or when it matters', () => {
    stat(32, 30);
    write('a/cpu.max', 'max 100000\n');
    const files = new CpuFiles(v2(), '/a', 42);
    expect(read(files)).toMatchObject({ limit: null });
    write('a/cpu.max', '50000 100000\n');
    expect(read(files)).toMatchObject({ limit: null });
    stat(33, 31);
    expect(read(files)).toMatchObject({ limit: { quotaUs: 50_000 } });
    write('a/cpu.max', 'max 100000\n');
    expect(read(files, true)).toMatchObject({ limit: null });
    files.close(scratch.descriptors);
  });

  it('are uncounted without the cpu controller, and gone without the group', () => {
    write('a/cpu.stat', 'usage_usec 900\nuser_usec 1\nsystem_usec 2\n');
    const files = new CpuFiles(v2(), '/a', 1);
    expect(read(files)).toBe('uncounted');
    files.close(scratch.descriptors);
    expect(read(new CpuFiles(v2(), '/b', 1))).toBe('gone');
  });
});

describe('the files of a version 1 group', () => {
  it('give nanoseconds as microseconds, and usage from the other hierarchy', () => {
    write('cpu/a/cpu.stat', 'nr_periods 3\nnr_throttled 1\nthrottled_time 5000\n');
    write('cpu/a/cpu.cfs_quota_us', '-1\n');
    write('cpu/a/cpu.cfs_period_us', '100000\n');
    write('cpuacct/a/cpuacct.usage', '7000\n');
    const files = new CpuFiles(v1(), '/a', 1);
    expect(read(files)).toMatchObject({ throttledUs: 5, usageUs: 7, limit: null });
    files.close(scratch.descriptors);
    const alone = new CpuFiles({ ...v1(), usage: null }, '/a', 1);
    expect(read(alone)).toMatchObject({ usageUs: null });
    alone.close(scratch.descriptors);
  });
});

describe('parseCpuMax', () => {
  it('takes any text', () => {
    expect(parseCpuMax('max 100000\n')).toBeNull();
    expect(parseCpuMax('0 100000\n')).toBeNull();
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), fc.integer({ min: 1, max: 1_000_000 }), (quotaUs, periodUs) => {
        expect(parseCpuMax(`${quotaUs} ${periodUs}\n`)).toEqual(quotaUs === 0 ? null : { quotaUs, periodUs });
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseCpuMax(text) === null || /^\d+ \d+\s*$/.test(text)).toBe(true);
      }),
    );
  });
});
