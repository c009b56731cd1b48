import type { Message } from 'kernel-gossip-observer';
import {
  CONTAINER_ID,
  POD_UID,
  containerPath,
  makeGroup,
  podPath,
  readSetting,
  removeGroup,
  shellIn,
  writeSetting,
} from './groups.ts';
import { observed } from './observed.ts';
import { waitFor } from './wait.ts';

type MemoryPressureMessage = Extract<Message, { readonly type: 'memory_pressure' }>;

export interface OutOfMemory {
  /** `memory.events` of the container, and of the pod's own group above it. */
  readonly container: string;
  readonly pod: string;
  /** `memory.events.local` of the pod's own group. */
  readonly podLocal: string;
  /** Whether the container's first process still runs after the kill. */
  readonly survived: boolean;
  /** What the observer told of memory. */
  readonly told: readonly MemoryPressureMessage[];
}

/** Enough for the kill to be told a second time, of the pod. */
const FURTHER_SAMPLES = 4;
const POD = podPath(POD_UID);
const CONTAINER = containerPath(POD_UID, CONTAINER_ID);

/** The kernel kills a child in a container that the observer watches; the shell that started it goes on. */
export async function childKilledForMemory(): Promise<OutOfMemory> {
  makeGroup(CONTAINER);
  writeSetting(CONTAINER, 'memory.max', '20000000');
  let result: OutOfMemory | undefined;
  await observed([CONTAINER], { interval: '250ms' }, async ({ messages, samples }) => {
    const before = samples();
    await waitFor('a sample before the kill', () => samples() > before);
    const shell = shellIn(CONTAINER, 'tail /dev/zero; while :; do sleep 1; done');
    await waitFor('the kill', () => /^oom_kill [1-9]/m.test(readSetting(CONTAINER, 'memory.events')));
    const told = (): OutOfMemory['told'] =>
      messages().filter((message) => message.type === 'memory_pressure');
    await waitFor('the kill to be told', () => told().some(({ oom_kills }) => (oom_kills ?? 0) > 0));
    const later = samples() + FURTHER_SAMPLES;
    await waitFor('further samples', () => samples() >= later);
    result = {
      container: readSetting(CONTAINER, 'memory.events'),
      pod: readSetting(POD, 'memory.events'),
      podLocal: readSetting(POD, 'memory.events.local'),
      survived: shell.exitCode === null && shell.signalCode === null,
      told: told(),
    };
  });
  await removeGroup(CONTAINER);
  await removeGroup(POD);
  if (result === undefined) throw new Error('nothing was observed');
  return result;
}
