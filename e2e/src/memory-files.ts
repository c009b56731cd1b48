import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isUnified } from './cluster/cgroup-directory.ts';

/** What the kernel says about the memory of a group, under the names of each version (admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst). */
const FILES = {
  v1: { limit: 'memory.limit_in_bytes', anonymous: 'total_rss', kills: 'memory.oom_control' },
  v2: { limit: 'memory.max', anonymous: 'anon', kills: 'memory.events' },
} as const;

const files = () => (isUnified() ? FILES.v2 : FILES.v1);

/** The figure of a `name value` line; NaN where there is none. */
const lineOf = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);

const read = (directory: string, file: string): string => readFileSync(join(directory, file), 'utf8');

export const memoryLimitBytes = (directory: string): number => Number(read(directory, files().limit));

export const anonymousBytes = (directory: string): number =>
  lineOf(read(directory, 'memory.stat'), files().anonymous);

/** Processes of the group that the OOM killer killed since the group was made. */
export const oomKills = (directory: string): number => lineOf(read(directory, files().kills), 'oom_kill');
