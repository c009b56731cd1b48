import { setTimeout as delay } from 'node:timers/promises';
import type { CpuThrottleMessage } from 'kernel-gossip-observer';
import {
  BUSY,
  CONTAINER_ID,
  containerPath,
  type Counters,
  countersAtRest,
  killAll,
  makeGroup,
  POD_UID,
  podPath,
  removeGroup,
  shellIn,
  writeSetting,
} from './groups.ts';
import { observed, throttlesIn, type Observation, type Told } from './observed.ts';
import { waitFor } from './wait.ts';

const POD = podPath(POD_UID);
const CONTAINER = containerPath(POD_UID, CONTAINER_ID);

/** Often enough that an episode has several messages. */
const OFTEN = { interval: '250ms', 'summary-interval': '1s' };
const A_FIFTH = '20000 100000';

const throttles = ({ messages }: Observation): readonly CpuThrottleMessage[] => throttlesIn(messages());
const isEnded = (observation: Observation): boolean => throttles(observation).at(-1)?.ended === true;

export interface Throttled {
  readonly told: readonly Told[];
  /** What the kernel had counted when nothing ran yet, and when nothing ran any more. */
  readonly atFirst: Counters | null;
  readonly atLast: Counters | null;
}

/** A busy container under a quota of its own, until it is gone. */
export async function throttledContainer(): Promise<Throttled> {
  makeGroup(CONTAINER);
  writeSetting(CONTAINER, 'cpu.max', A_FIFTH);
  const atFirst = await countersAtRest(CONTAINER);
  let atLast: Counters | null = null;
  const told = await observed([CONTAINER], OFTEN, async (observation) => {
    shellIn(CONTAINER, BUSY);
    await waitFor('six messages', () => throttles(observation).length >= 6);
    await killAll(CONTAINER);
    atLast = await countersAtRest(CONTAINER);
    const samples = observation.samples();
    await waitFor('another sample', () => observation.samples() > samples);
    await removeGroup(CONTAINER);
    await waitFor('the end', () => isEnded(observation));
  });
  await removeGroup(POD);
  return { told, atFirst, atLast };
}

/** A busy container under the quota of its pod, until that is lifted. */
export async function throttledPod(): Promise<readonly Told[]> {
  makeGroup(CONTAINER);
  writeSetting(POD, 'cpu.max', A_FIFTH);
  const told = await observed([POD], OFTEN, async (observation) => {
    shellIn(CONTAINER, BUSY);
    await waitFor('six messages', () => throttles(observation).length >= 6);
    writeSetting(POD, 'cpu.max', 'max 100000');
    await waitFor('the end', () => isEnded(observation));
  });
  await removeGroup(CONTAINER);
  await removeGroup(POD);
  return told;
}

const SHORT_LIFE_MS = 300;
const MOST_LIVES = 10;
const QUICKLY = { interval: '100ms', rescan: '100ms', 'min-periods': '1', held: '0s' };

/** Containers that live 300 ms, 30 periods of 10 ms each, one after the other until one was told of to its end. */
export async function shortLives(): Promise<readonly Told[]> {
  const paths = Array.from({ length: MOST_LIVES }, (_, index) =>
    containerPath(POD_UID, CONTAINER_ID.replace(/^0/, String(index))),
  );
  const told = await observed(paths, QUICKLY, async (observation) => {
    const isAnyEnded = (): boolean => throttles(observation).some(({ ended }) => ended);
    for (const path of paths) {
      if (!isAnyEnded()) await liveShortly(path);
    }
    await waitFor('the end of a short life', isAnyEnded);
  });
  await removeGroup(POD);
  return told;
}

async function liveShortly(path: string): Promise<void> {
  makeGroup(path);
  writeSetting(path, 'cpu.max', '2000 10000');
  shellIn(path, BUSY);
  await delay(SHORT_LIFE_MS);
  await removeGroup(path);
}
