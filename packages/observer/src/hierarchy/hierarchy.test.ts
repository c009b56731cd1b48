import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHierarchy } from './hierarchy.ts';

let root = '';
const files = (...names: readonly string[]): void => {
  for (const name of names) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), name.endsWith('cgroup.controllers') ? 'cpuset cpu io\n' : '0\n');
  }
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('findHierarchy', () => {
  it('finds version 2', () => {
    files('cgroup.controllers');
    expect(findHierarchy(root)).toEqual({
      version: 2,
      cpu: root,
      usage: null,
      memory: root,
      pids: root,
    });
  });

  it('finds version 1, apart, joint or without usage', () => {
    files('cpu/cpu.cfs_quota_us');
    expect(findHierarchy(root)).toEqual({
      version: 1,
      cpu: `${root}/cpu`,
      usage: null,
      memory: null,
      pids: null,
    });
    files('cpuacct/cpuacct.usage');
    expect(findHierarchy(root)).toMatchObject({ usage: `${root}/cpuacct` });
    rmSync(join(root, 'cpu'), { recursive: true });
    files('cpu,cpuacct/cpu.cfs_quota_us', 'cpu,cpuacct/cpuacct.usage');
    expect(findHierarchy(root)).toEqual({
      version: 1,
      cpu: `${root}/cpu,cpuacct`,
      usage: `${root}/cpu,cpuacct`,
      memory: null,
      pids: null,
    });
    files('memory/memory.usage_in_bytes', 'pids/cgroup.procs');
    expect(findHierarchy(root)).toMatchObject({ memory: `${root}/memory`, pids: `${root}/pids` });
  });

  it('finds the controller in a hybrid layout, wherever it is', () => {
    files('unified/cgroup.controllers');
    expect(findHierarchy(root)).toMatchObject({ version: 2, cpu: `${root}/unified` });
    writeFileSync(join(root, 'unified/cgroup.controllers'), '\n');
    files('cpu/cpu.cfs_quota_us');
    expect(findHierarchy(root)).toMatchObject({ version: 1, cpu: `${root}/cpu` });
  });

  it('takes version 1’s own directory, or a group of it, as root', () => {
    files('cpu/a/b/cpu.cfs_quota_us', 'cpuacct/a/b/cpuacct.usage', 'memory/a/b/memory.usage_in_bytes');
    expect(findHierarchy(`${root}/cpu/a/b`)).toEqual({
      version: 1,
      cpu: `${root}/cpu/a/b`,
      usage: `${root}/cpuacct/a/b`,
      memory: `${root}/memory/a/b`,
      pids: null,
    });
  });

  it('says where it looked when there is nothing', () => {
    expect(() => findHierarchy(root)).toThrow(
      expect.objectContaining({
        code: 'KG_CGROUP_UNREADABLE',
        message: expect.stringContaining(root) as string,
      }),
    );
  });
});
