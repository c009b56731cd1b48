import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findHierarchy } from '../hierarchy/hierarchy.ts';
import { identify } from '../identify/identify.ts';
import { readGroup } from './read-group.ts';

/** A group in a tree of version 2 with these files. */
function groupWith(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory\n');
  mkdirSync(join(root, 'c'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'c', name), text);
  const group = { path: '/c', inode: 0, bornMs: null, identity: identify('/c') };
  const read = () => readGroup(group, findHierarchy(root), Buffer.alloc(4096), () => 1000);
  return { root, read };
}

const USAGE = 'usage_usec 900\nuser_usec 900\nsystem_usec 0\n';
const BANDWIDTH = 'nr_periods 30\nnr_throttled 20\nthrottled_usec 1500\n';
const MEMORY = {
  'memory.current': '4096\n',
  'memory.max': '8192\n',
  'memory.events': 'low 0\nhigh 0\nmax 0\noom 1\noom_kill 2\n',
};

it('reads a group of version 2', () => {
  const { root, read } = groupWith({
    'cpu.stat': USAGE + BANDWIDTH,
    'cpu.max': '20000 100000\n',
    ...MEMORY,
  });
  expect(read()).toEqual({
    inode: statSync(join(root, 'c')).ino,
    atMs: 1000,
    limits: { cpu: { quotaUs: 20_000, periodUs: 100_000 }, memoryBytes: 8192 },
    counters: { usageUs: 900, nrPeriods: 30, nrThrottled: 20, throttledUs: 1500, oomKills: 2 },
    memoryUsageBytes: 4096,
  });
});

it('reads the usage of a group without any limit, also where the cpu controller is not enabled for it', () => {
  const none = { 'cpu.stat': USAGE + BANDWIDTH, 'cpu.max': 'max 100000\n', ...MEMORY, 'memory.max': 'max\n' };
  expect(groupWith(none).read()).toMatchObject({
    limits: { cpu: null, memoryBytes: null },
    counters: { usageUs: 900 },
  });
  expect(groupWith({ 'cpu.stat': USAGE }).read()).toMatchObject({
    limits: { cpu: null, memoryBytes: null },
    counters: { usageUs: 900, nrPeriods: null, nrThrottled: null, throttledUs: null, oomKills: null },
    memoryUsageBytes: null,
  });
});

it('reads nothing of a group that is gone', () => {
  const { root, read } = groupWith({ 'cpu.stat': USAGE });
  rmSync(join(root, 'c', 'cpu.stat'));
  expect(read()).toBeNull();
  rmSync(join(root, 'c'), { recursive: true });
  expect(read()).toBeNull();
});
