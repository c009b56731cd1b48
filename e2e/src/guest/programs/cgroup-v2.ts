import { writeSync } from 'node:fs';
import { release } from 'node:os';
import { findHierarchy, type Hierarchy } from 'kernel-gossip-observer';
import { RESULT_DESCRIPTOR } from '../start.ts';
import { birthOfContainer, type Birth } from './birth.ts';
import { CGROUP_ROOT } from './groups.ts';
import { childKilledForMemory, type OutOfMemory } from './out-of-memory.ts';
import type { Told } from './observed.ts';
import { pressureOfThrottled, type Pressure } from './pressure.ts';
import { shortLives, throttledContainer, throttledPod, type Throttled } from './throttling.ts';
import { vanishing, type Vanishing } from './vanishing.ts';

/** What this program found out about its kernel and what the observer makes of it. */
export interface CgroupV2 {
  readonly kernel: string;
  readonly hierarchy: Hierarchy;
  readonly throttledContainer: Throttled;
  readonly throttledPod: readonly Told[];
  readonly shortLives: readonly Told[];
  readonly vanishing: Vanishing;
  readonly outOfMemory: OutOfMemory;
  readonly pressure: Pressure;
  readonly birth: Birth;
}

const result: CgroupV2 = {
  kernel: release(),
  hierarchy: findHierarchy(CGROUP_ROOT),
  throttledContainer: await throttledContainer(),
  throttledPod: await throttledPod(),
  shortLives: await shortLives(),
  vanishing: await vanishing(),
  outOfMemory: await childKilledForMemory(),
  pressure: await pressureOfThrottled(),
  birth: await birthOfContainer(),
};
writeSync(RESULT_DESCRIPTOR, JSON.stringify(result));
