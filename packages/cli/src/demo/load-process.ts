import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { calibrate } from './burn.ts';
import type { LoadMessage, LoadPlan } from './load-messages.ts';

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

const tell = (message: LoadMessage): void => {
  process.send?.(message);
};

/** One burst: every thread does its part; how long until the last was done. */
async function burst(workers: readonly Worker[], iterations: number): Promise<number> {
  const start = performance.now();
  await Promise.all(
    workers.map((worker) => {
      worker.postMessage(iterations);
      return once(worker, 'message');
    }),
  );
  return performance.now() - start;
}

async function run({ threads, burstMs, everyMs }: LoadPlan): Promise<void> {
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL(`./load-worker${extension}`, import.meta.url)),
  );
  const iterations = calibrate(burstMs);
  // The threads' first runs are interpreted and slow; they must not count as the kernel's doing.
  for (let warmUp = 0; warmUp < 3; warmUp += 1) await burst(workers, iterations);
  tell({ type: 'calibrated' });
  await once(process, 'message');
  for (let next = performance.now(); ; next += everyMs) {
    await sleep(Math.max(0, next - performance.now()));
    tell({ type: 'burst', latencyMs: await burst(workers, iterations) });
    next = Math.max(next, performance.now() - everyMs);
  }
}

// Whoever started us is gone: nobody would end this load otherwise.
process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent ends us when it has read the last counters.
process.on('SIGINT', () => undefined);

const [plan] = (await once(process, 'message')) as [LoadPlan];
await run(plan);
