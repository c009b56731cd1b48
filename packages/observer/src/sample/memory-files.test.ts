import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryFiles, type MemoryOutcome } from './memory-files.ts';
import { createScratch } from './scratch.ts';

let group = '';
let nowMs = 0;
const scratch = createScratch();
const write = (file: string, text: string): void => writeFileSync(join(group, file), text);
const read = (files: MemoryFiles, matters = false): MemoryOutcome =>
  files.read(scratch, () => nowMs, matters);
const filesOf = (version: 1 | 2, inode = 10) =>
  new MemoryFiles({ version }, group, inode, { killsBelow: true, stallReadMs: 5000 });

beforeEach(() => {
  group = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  nowMs = 0;
});
afterEach(() => rmSync(group, { recursive: true, force: true }));

const events = (kills: number): void =>
  write('memory.events', `low 0\nhigh 3\nmax 7\noom 1\noom_kill ${kills}\noom_group_kill 0\n`);
const pressure = (totalUs: number): void =>
  write(
    'memory.pressure',
    `some avg10=0.00 avg60=0.00 avg300=0.00 total=${totalUs}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n`,
  );
const versionTwo = (usage: number, limit: string): void => {
  write('memory.current', `${usage}\n`);
  write('memory.max', `${limit}\n`);
  write('memory.stat', 'anon 4096\nfile 8192\ninactive_anon 0\nactive_anon 4096\ninactive_file 300\n');
  events(0);
  pressure(0);
};

describe('the memory files of a version 2 group', () => {
  it('give usage, limit and kills, and the working set where it may matter', () => {
    versionTwo(799, '1000');
    const files = filesOf(2);
    expect(read(files)).toEqual({
      inode: 10,
      atMs: 0,
      level: { usageBytes: 799, workingSetBytes: null, limitBytes: 1000 },
      oomKills: 0,
      stall: null,
    });
    write('memory.current', '800\n');
    expect(read(files)).toMatchObject({ level: { usageBytes: 800, workingSetBytes: 500 } });
    write('memory.current', '200\n');
    expect(read(files, true)).toMatchObject({ level: { usageBytes: 200, workingSetBytes: 0 } });
    files.close(scratch.descriptors);
    expect(scratch.descriptors.kept).toBe(0);
  });

  it('have their limit read again within ten readings, at once when a process was killed or it matters', () => {
    versionTwo(100, 'max');
    const files = filesOf(2, 3);
    expect(read(files)).toMatchObject({ level: { limitBytes: null } });
    write('memory.max', '50\n');
    const later = Array.from({ length: 10 }, () => read(files));
    expect(later.at(-1)).toMatchObject({ level: { limitBytes: 50, usageBytes: 100 } });
    write('memory.max', '60\n');
    events(1);
    expect(read(files)).toMatchObject({ oomKills: 1, level: { limitBytes: 60 } });
    write('memory.max', '70\n');
    expect(read(files, true)).toMatchObject({ level: { limitBytes: 70 } });
    files.close(scratch.descriptors);
  });

  it('give what tasks waited since the reading before, every five seconds', () => {
    versionTwo(100, 'max');
    const files = filesOf(2);
    expect(read(files)).toMatchObject({ stall: null });
    nowMs = 4999;
    pressure(900_000);
    expect(read(files)).toMatchObject({ stall: null });
    nowMs = 6000;
    pressure(1_500_000);
    expect(read(files)).toMatchObject({ stall: { stalledSeconds: 1.5, seconds: 6 } });
    nowMs = 12_000;
    pressure(1000);
    expect(read(files)).toMatchObject({ stall: null });
    files.close(scratch.descriptors);
  });

  it('count only the group’s own kills where they are to', () => {
    versionTwo(100, 'max');
    events(5);
    write('memory.events.local', 'oom_kill 2\n');
    const files = new MemoryFiles({ version: 2 }, group, 1, { killsBelow: false, stallReadMs: null });
    expect(read(files)).toMatchObject({ oomKills: 2, stall: null });
    expect(files.isStallRead).toBe(false);
    files.close(scratch.descriptors);
  });
});

describe('the memory files of a version 1 group', () => {
  it('say "no limit" as the greatest number of pages, and kills among other words', () => {
    write('memory.usage_in_bytes', '900\n');
    write('memory.limit_in_bytes', '9223372036854771712\n');
    write('memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 4\n');
    write('memory.stat', 'inactive_file 7\nhierarchical_memory_limit 1000\ntotal_inactive_file 300\n');
    const files = filesOf(1);
    expect(read(files)).toMatchObject({
      level: { usageBytes: 900, workingSetBytes: null, limitBytes: null },
      oomKills: 4,
    });
    write('memory.limit_in_bytes', '1000\n');
    expect(read(files, true)).toMatchObject({ level: { workingSetBytes: 600, limitBytes: 1000 } });
    expect(files.isStallRead).toBe(false);
    files.close(scratch.descriptors);
  });

  it('count no kills where the kernel does not (before 4.13)', () => {
    write('memory.usage_in_bytes', '900\n');
    write('memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\n');
    const files = filesOf(1);
    expect(read(files)).toMatchObject({ oomKills: null });
    files.close(scratch.descriptors);
  });
});

describe('memory files', () => {
  it('are gone without the group, and unreadable where they make no sense', () => {
    const files = filesOf(2);
    expect(read(files)).toBe('gone');
    write('memory.current', 'what\n');
    expect(read(files)).toBe('unreadable');
    rmSync(join(group, 'memory.current'));
    mkdirSync(join(group, 'memory.current'));
    files.close(scratch.descriptors);
    expect(read(files)).toBe('unreadable');
  });

  it('are opened for each reading where no more may be kept open', () => {
    versionTwo(100, 'max');
    const none = createScratch(0);
    const files = filesOf(2);
    expect(files.read(none, () => 0, false)).toMatchObject({ level: { usageBytes: 100 } });
    expect(none.descriptors.kept).toBe(0);
    rmSync(group, { recursive: true });
    expect(files.read(none, () => 0, false)).toBe('gone');
  });
});
