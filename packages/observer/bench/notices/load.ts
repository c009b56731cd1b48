import { setTimeout as sleep } from 'node:timers/promises';

/** What a process of a recorded load does from one moment on, in seconds since the start. */
export interface Phase {
  readonly fromSecond: number;
  /** CPU time of one piece of work, in milliseconds; 0 where there is none. */
  readonly workMs: number;
  readonly everyMs: number;
  /** Whether the pieces come at random, so often on average. */
  readonly random: boolean;
}

/** A piece of work that is done: when it was due, in milliseconds since the start, and how long after that it was done. */
export interface Done {
  readonly dueMs: number;
  readonly latencyMs: number;
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function burn(milliseconds: number): void {
  const startMs = cpuMs();
  while (cpuMs() - startMs < milliseconds);
}

/** Does its pieces of work one after the other, each as soon as it is due. */
async function work(phases: readonly Phase[], seconds: number): Promise<void> {
  const startMs = performance.now();
  for (let dueMs = 0; dueMs < seconds * 1000;) {
    const phase = phases.findLast(({ fromSecond }) => fromSecond * 1000 <= dueMs);
    if (phase === undefined || phase.workMs === 0) {
      dueMs += 1000;
      continue;
    }
    await sleep(Math.max(0, startMs + dueMs - performance.now()));
    burn(phase.workMs);
    process.send?.({ dueMs, latencyMs: performance.now() - startMs - dueMs } satisfies Done);
    dueMs += phase.everyMs * (phase.random ? -Math.log(1 - Math.random()) : 1);
  }
}

process.once('disconnect', () => process.exit(0));
process.once('message', ({ phases, seconds }: { phases: readonly Phase[]; seconds: number }) => {
  // Compiled before anything holds it back.
  burn(200);
  process.send?.('ready');
  process.once('message', () => void work(phases, seconds));
});
