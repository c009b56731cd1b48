import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hierarchy } from 'kernel-gossip-observer';
import { CpuGroup } from '../../../packages/cli/src/demo/cpu-group.ts';
import type { LimitReading } from '../../../packages/operator/src/assess/needed-limit.ts';
import type { Load } from './loads.ts';

/** Until the change has been felt and a backlog has begun to shrink, or to grow. */
const SETTLE_MS = 1000;
export const WINDOW_MS = 4200;

export interface Bench {
  readonly hierarchy: Hierarchy;
  readonly program: string;
  /** Ends what is under way, and cleans up. */
  readonly signal: AbortSignal;
}

/** Compiles the load. */
export function buildLoad(directory: string): string {
  const program = join(directory, 'load');
  const source = new URL('load.c', import.meta.url).pathname;
  execFileSync('clang', ['-O2', '-Wall', '-Werror', '-pthread', '-o', program, source]);
  return program;
}

export interface LimitedLoad {
  /** Puts the limit in force, lets it settle, and has the kernel count for one window. */
  readonly measure: (limitCores: number, windowMs?: number) => Promise<LimitReading>;
}

/** Whatever else runs on the machine, the group comes first: only its quota shall hold it back. */
function putFirst({ hierarchy: { cpu, version }, name }: CpuGroup): void {
  const [file, most] = version === 1 ? ['cpu.shares', 262_144] : ['cpu.weight', 10_000];
  writeFileSync(join(cpu, name, file), String(most));
}

let groups = 0;

/** Runs a load in a new cgroup, whose counters begin at 0, for as long as it is used. */
export async function withLoad<T>(
  { hierarchy, program, signal }: Bench,
  { threads, partMs, everyMs, shape }: Load,
  use: (load: LimitedLoad) => Promise<T>,
): Promise<T> {
  groups += 1;
  const group = new CpuGroup(hierarchy, `kernel-gossip-bench-limit-${process.pid}-${groups}`);
  const args = [threads, partMs * 1000, everyMs * 1000, shape === 'bursty' ? 1 : 0].map(String);
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  let isBegun = false;
  try {
    putFirst(group);
    group.add(child.pid ?? 0);
    return await use({
      measure: async (limitCores, windowMs = WINDOW_MS) => {
        group.limit(limitCores);
        if (!isBegun) child.stdin.write('\n');
        isBegun = true;
        await sleep(SETTLE_MS, undefined, { signal });
        const before = group.read();
        await sleep(windowMs, undefined, { signal });
        const after = group.read();
        const windowSeconds = (after.atMs - before.atMs) / 1000;
        return {
          limitCores,
          usageCores: (after.usageSeconds - before.usageSeconds) / windowSeconds,
          nrPeriods: after.periods - before.periods,
          nrThrottled: after.throttled - before.throttled,
          throttledSeconds: after.withheldSeconds - before.withheldSeconds,
          windowSeconds,
        };
      },
    });
  } finally {
    child.kill('SIGKILL');
    await ended;
    await group.remove();
  }
}
