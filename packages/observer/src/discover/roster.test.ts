import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Roster, type RosterChange } from './roster.ts';
import type { NameListener, WatchDirectory } from './watch-directory.ts';

let root = '';
let nowMs = 0;
let open: Roster[] = [];
const make = (...paths: readonly string[]): void =>
  paths.forEach((path) => void mkdirSync(join(root, path), { recursive: true }));
const remove = (path: string): void => rmSync(join(root, path), { recursive: true });
const pathsOf = ({ appeared, vanished }: RosterChange) => ({
  appeared: appeared.map(({ path }) => path).sort(),
  vanished: vanished.map(({ path }) => path).sort(),
});
const LIMITS = { maxDepth: 9, maxGroups: 1000, maxWatches: 1000 };
const rosterOf = (
  subtree: string,
  options: ConstructorParameters<typeof Roster>[2] = {},
  rescanMs = 30_000,
): Roster => {
  const roster = new Roster({ root, subtree, rescanMs }, () => nowMs, options);
  open.push(roster);
  return roster;
};
/** Watches that nothing is ever heard from, but what a test says. */
const silent = () => {
  const listeners = new Map<string, NameListener>();
  const watch: WatchDirectory = (directory, heard) => {
    listeners.set(directory, heard);
    return { close: () => void listeners.delete(directory) };
  };
  return { listeners, watch };
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  nowMs = 0;
});
afterEach(() => {
  for (const roster of open) roster.close();
  open = [];
  rmSync(root, { recursive: true, force: true });
});

describe('a roster', () => {
  it('finds what is there, and hears of what comes and goes', async () => {
    make('a/b', 'c');
    writeFileSync(join(root, 'a/cpu.stat'), '');
    const roster = rosterOf('');
    expect(pathsOf(roster.changes())).toEqual({ appeared: ['/a', '/a/b', '/c'], vanished: [] });
    expect(pathsOf(roster.changes())).toEqual({ appeared: [], vanished: [] });
    make('a/b/d', 'e/f');
    remove('c');
    await sleep(50);
    expect(pathsOf(roster.changes())).toEqual({ appeared: ['/a/b/d', '/e', '/e/f'], vanished: ['/c'] });
    remove('a');
    await sleep(50);
    expect(pathsOf(roster.changes())).toEqual({ appeared: [], vanished: ['/a', '/a/b', '/a/b/d'] });
  });

  it('knows of what it heard when it was born, and of what it met that it may be older', async () => {
    make('old');
    const roster = rosterOf('');
    expect(roster.changes().appeared).toMatchObject([{ path: '/old', bornMs: null }]);
    nowMs = 700;
    make('new');
    await sleep(50);
    nowMs = 1000;
    expect(roster.changes().appeared).toMatchObject([{ path: '/new', bornMs: 700 }]);
  });

  it('takes a group that was removed and made again for another', async () => {
    make('a', 'held');
    const roster = rosterOf('');
    roster.changes();
    // The place of the removed directory is taken meanwhile, so that its inode cannot come again.
    renameSync(join(root, 'a'), join(root, 'held/a'));
    make('a');
    await sleep(50);
    expect(pathsOf(roster.changes())).toEqual({ appeared: ['/a', '/held/a'], vanished: ['/a'] });
  });

  it('meets anew a group whose files said that it is gone', () => {
    make('a');
    const roster = rosterOf('', silent());
    roster.changes();
    roster.forget('/a');
    expect(pathsOf(roster.changes())).toEqual({ appeared: ['/a'], vanished: ['/a'] });
  });

  it('finds with a walk what nobody told of', () => {
    make('a', 'b');
    const roster = rosterOf('', silent());
    roster.changes();
    make('a/new');
    remove('b');
    nowMs = 29_000;
    expect(pathsOf(roster.changes())).toEqual({ appeared: [], vanished: [] });
    nowMs = 30_000;
    expect(pathsOf(roster.changes())).toEqual({ appeared: ['/a/new'], vanished: ['/b'] });
  });

  it('believes an announcement, but only that it is worth a look', () => {
    make('a');
    const roster = rosterOf('', silent());
    roster.changes();
    make('a/new', 'a/other');
    for (const path of ['/a/new', '/a/never', '/elsewhere/x', '/a']) roster.announce(path);
    expect(pathsOf(roster.changes())).toEqual({ appeared: ['/a/new'], vanished: [] });
    expect(pathsOf(roster.changes(['/a']))).toEqual({ appeared: ['/a/other'], vanished: [] });
  });

  it('looks only below the subtree, which need not be there yet', async () => {
    make('a');
    const roster = rosterOf('/kube/pods');
    expect(pathsOf(roster.changes()).appeared).toEqual([]);
    make('kube/pods/pod1', 'kube/others');
    await sleep(50);
    expect(pathsOf(roster.changes()).appeared).toEqual(['/kube/pods', '/kube/pods/pod1']);
  });

  it('walks each time where there are not watches enough', () => {
    make('a/b');
    const roster = rosterOf('', { limits: { ...LIMITS, maxWatches: 2 } });
    roster.changes();
    expect(roster.isWatching).toBe(false);
    expect(roster.watches).toBe(0);
    make('a/c');
    expect(pathsOf(roster.changes()).appeared).toEqual(['/a/c']);
    const refused = rosterOf('', { watch: () => 'refused' });
    expect(refused.changes().appeared).toHaveLength(3);
    expect(refused.isWatching).toBe(false);
  });

  it('watches no container of a pod, nor a service without groups', () => {
    const pod = `kubepods/pod7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11`;
    const id = '0123456789abcdef'.repeat(4);
    make(`${pod}/${id}/nested`, 'system.slice/a.service', 'system.slice/b.service/inner');
    const { listeners, watch } = silent();
    rosterOf('', { watch }).changes();
    const watched = [...listeners.keys()].map((directory) => directory.slice(root.length)).sort();
    expect(watched).toEqual([
      '',
      '/kubepods',
      `/${pod}`,
      '/system.slice',
      '/system.slice/b.service',
      '/system.slice/b.service/inner',
    ]);
  });

  it('is bounded', () => {
    make('a/b/c/d', 'e', 'f');
    const deep = rosterOf('', { limits: { ...LIMITS, maxDepth: 2 } });
    expect(pathsOf(deep.changes()).appeared).toEqual(['/a', '/a/b', '/e', '/f']);
    const few = rosterOf('', { limits: { ...LIMITS, maxGroups: 2 } });
    const change = few.changes();
    expect(change).toMatchObject({ truncated: true });
    expect(change.appeared).toHaveLength(2);
    for (let index = 0; index < 9; index += 1) few.announce(`/a/${index}`);
    expect(few.changes().truncated).toBe(true);
  });

  it('agrees with a walk, whatever comes and goes and whatever is heard of it', () => {
    const names = fc.constantFrom('a', 'b', 'a/a', 'a/b', 'b/a', 'a/a/a');
    const action = fc.tuple(fc.constantFrom('make', 'remove'), names, fc.boolean());
    fc.assert(
      fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
        const roster = rosterOf('', silent());
        const known = new Set<string>();
        const apply = ({ appeared, vanished }: RosterChange): void => {
          for (const { path } of vanished) expect(known.delete(path)).toBe(true);
          for (const { path } of appeared) {
            expect(known.has(path)).toBe(false);
            known.add(path);
          }
        };
        for (const [what, path, isHeard] of actions) {
          if (what === 'make') make(path);
          else rmSync(join(root, path), { recursive: true, force: true });
          if (isHeard) roster.announce(`/${path}`);
          apply(roster.changes());
        }
        nowMs += 30_000;
        apply(roster.changes());
        expect([...known].sort()).toEqual(pathsOf(rosterOf('', silent()).changes()).appeared);
        for (const name of ['a', 'b']) rmSync(join(root, name), { recursive: true, force: true });
      }),
      { numRuns: 60 },
    );
  });
});
