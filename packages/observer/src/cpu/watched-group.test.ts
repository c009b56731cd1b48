import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sample } from '../detect/detector.ts';
import type { Judge } from '../detect/judge.ts';
import { findHierarchy } from '../hierarchy/hierarchy.ts';
import { identify } from '../identify/identify.ts';
import { BandwidthSweep } from '../sample/bandwidth-sweep.ts';
import { createScratch } from '../sample/scratch.ts';
import { WatchedGroup } from './watched-group.ts';

let root = '';
let nowMs = 1000;
let isIdle = true;
const taken: Sample[] = [];
const judge: Judge = {
  isThrottled: false,
  get isIdle() {
    return isIdle;
  },
  take: (sample) => {
    taken.push(sample);
    return null;
  },
  restart: () => undefined,
  end: () => null,
};

const counters = (periods: number, throttled: number): void =>
  writeFileSync(
    join(root, 'cpu.stat'),
    `usage_usec 0\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec ${throttled * 1000}\n`,
  );

/** A group with a quota, read once at 1 s, and the kernel's sweeps of it. */
function watched(quota: string) {
  writeFileSync(join(root, 'cpu.max'), `${quota} 100000\n`);
  counters(10, 0);
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const bandwidth = new BandwidthSweep(clock.monotonicMs);
  const originMs = Number(process.hrtime.bigint()) / 1e6 - nowMs;
  const { ino } = statSync(root);
  const group = { path: '', inode: ino, bornMs: null, identity: identify('') };
  const sampling = { hierarchy: findHierarchy(root), scratch: createScratch(), clock, bandwidth };
  const one = new WatchedGroup(sampling, group, judge);
  one.sample(() => undefined);
  return {
    /** The kernel's sweep at this moment, with so many periods; null where the group is not in it. */
    sweep: (atMs: number, nrPeriods: number | null) =>
      bandwidth.take({
        atMs: atMs + originMs,
        ids: Float64Array.from(nrPeriods === null ? [] : [ino]),
        nrPeriods: Uint32Array.from(nrPeriods === null ? [] : [nrPeriods]),
      }),
    sampleAt: (atMs: number) => {
      nowMs = atMs;
      return one.sample(() => undefined);
    },
  };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  writeFileSync(join(root, 'cgroup.controllers'), 'cpu\n');
  nowMs = 1000;
  isIdle = true;
  taken.length = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a group of which the kernel swept the counters', () => {
  it('is not read while it runs nothing under its quota, and its next window begins at the sweep', () => {
    const { sweep, sampleAt } = watched('20000');
    sweep(2000, 10);
    sampleAt(2001);
    expect(taken).toEqual([]);
    counters(14, 4);
    sweep(3000, 14);
    sampleAt(3000);
    expect(taken).toHaveLength(1);
    expect(taken[0]?.window).toMatchObject({ nrPeriods: 4, nrThrottled: 4 });
    expect(taken[0]?.window?.seconds).toBeCloseTo(1, 2);
  });

  it('is read when the sweep is no later than the last reading', () => {
    const { sweep, sampleAt } = watched('20000');
    sweep(900, 10);
    counters(14, 4);
    sampleAt(2000);
    expect(taken).toHaveLength(1);
  });

  it('is read while something is being added up', () => {
    const { sweep, sampleAt } = watched('20000');
    isIdle = false;
    sweep(2000, 10);
    sampleAt(2001);
    expect(taken).toHaveLength(1);
  });

  it('is read when its quota went away, and not while it has none', () => {
    const limited = watched('20000');
    counters(14, 4);
    limited.sweep(2000, null);
    limited.sampleAt(2001);
    expect(taken).toHaveLength(1);
    nowMs = 1000;
    taken.length = 0;
    const free = watched('max');
    counters(14, 4);
    free.sweep(2000, null);
    free.sampleAt(2001);
    expect(taken).toEqual([]);
  });
});
