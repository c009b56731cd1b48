import { rmdirSync, statSync } from 'node:fs';
import { CpuFiles, createScratch, findHierarchy, type ReadingOutcome } from 'kernel-gossip-observer';
import {
  BUSY,
  CGROUP_ROOT,
  countersAtRest,
  countersOf,
  killAll,
  makeGroup,
  shellIn,
  writeSetting,
  type Counters,
} from './groups.ts';
import { waitFor } from './wait.ts';

export interface Vanishing {
  /** What the observer reads, and what the kernel counts, when nothing runs any more. */
  readonly reading: ReadingOutcome;
  readonly counters: Counters | null;
  /** The same file, kept open, when the group is gone. */
  readonly whenGone: ReadingOutcome;
}

const PATH = '/vanishing.slice/some.service';

export async function vanishing(): Promise<Vanishing> {
  makeGroup(PATH);
  writeSetting(PATH, 'cpu.max', '20000 100000');
  shellIn(PATH, BUSY);
  await waitFor('five throttled periods', () => (countersOf(PATH)?.nrThrottled ?? 0) >= 5);
  await killAll(PATH);
  const files = new CpuFiles(findHierarchy(CGROUP_ROOT), PATH, statSync(CGROUP_ROOT + PATH).ino);
  const read = (): ReadingOutcome => files.read(createScratch(), () => performance.now(), true);
  const counters = await countersAtRest(PATH);
  const reading = read();
  rmdirSync(CGROUP_ROOT + PATH);
  const whenGone = read();
  return { reading, counters, whenGone };
}
