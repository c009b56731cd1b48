import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRoster, type RosterChange } from './roster.ts';
import { walkGroups } from './walk.ts';

let root = '';
const make = (...paths: readonly string[]): void =>
  paths.forEach((path) => void mkdirSync(join(root, path), { recursive: true }));
const remove = (path: string): void => rmSync(join(root, path), { recursive: true });
const pathsOf = ({ appeared, vanished }: RosterChange) => ({
  appeared: appeared.map(({ path }) => path).sort(),
  vanished: vanished.map(({ path }) => path).sort(),
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a roster', () => {
  it('keeps up with groups that come and go', () => {
    make('a/b', 'c');
    writeFileSync(join(root, 'a/cpu.stat'), '');
    const roster = createRoster(root, '');
    expect(pathsOf(roster.scan())).toEqual({ appeared: ['/a', '/a/b', '/c'], vanished: [] });
    expect(pathsOf(roster.scan())).toEqual({ appeared: [], vanished: [] });
    make('a/d');
    remove('c');
    expect(pathsOf(roster.scan())).toEqual({ appeared: ['/a/d'], vanished: ['/c'] });
    remove('a');
    expect(pathsOf(roster.scan())).toEqual({ appeared: [], vanished: ['/a', '/a/b', '/a/d'] });
  });

  it('meets anew a group whose files said that it is gone', () => {
    make('a');
    const roster = createRoster(root, '');
    roster.scan();
    roster.forget('/a');
    expect(pathsOf(roster.scan())).toEqual({ appeared: ['/a'], vanished: [] });
  });

  it('sees in time what grows below a group that was a leaf', () => {
    make('a');
    const roster = createRoster(root, '');
    roster.scan();
    make('a/b');
    const changes = Array.from({ length: 10 }, () => pathsOf(roster.scan()).appeared);
    expect(changes.flat()).toEqual(['/a/b']);
  });

  it('looks only below the subtree, which need not be there yet', () => {
    make('a');
    const roster = createRoster(root, '/kubepods');
    expect(pathsOf(roster.scan()).appeared).toEqual([]);
    make('kubepods/pod1');
    expect(pathsOf(roster.scan()).appeared).toEqual(['/kubepods', '/kubepods/pod1']);
    expect(createRoster(join(root, 'nowhere'), '').scan().appeared).toEqual([]);
  });

  it('is bounded', () => {
    make('a/b/c/d', 'e', 'f');
    expect(walkGroups(root, '', { maxDepth: 2, maxGroups: 100 }).walk.groups).toHaveLength(4);
    const { walk } = walkGroups(root, '', { maxDepth: 9, maxGroups: 2 });
    expect(walk).toMatchObject({ truncated: true });
    expect(walk.groups).toHaveLength(2);
  });
});
