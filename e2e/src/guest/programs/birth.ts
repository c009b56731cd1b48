import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { KgtraceLine } from '../../kgtrace.ts';
import { Hopeless } from '../../poll.ts';
import { makeBundle } from './container.ts';
import {
  BUSY,
  CGROUP_ROOT,
  CONTAINER_ID,
  containerPath,
  countersAtRest,
  countersOf,
  killAll,
  makeGroup,
  POD_UID,
  podPath,
  shellIn,
  writeSetting,
  type Counters,
} from './groups.ts';
import { startKgtrace, type Kgtrace, type SampledGroup } from './kgtrace.ts';
import { startTracing, stopTracing, type SyscallTrace } from './syscall-trace.ts';
import { waitFor } from './wait.ts';

/** What kgtrace told of a container's birth, and what the kernel's own trace says of the same processes. */
export interface Birth {
  readonly lines: readonly KgtraceLine[];
  readonly trace: SyscallTrace;
  readonly runc: { readonly pid: number; readonly code: number };
  /** One group with a quota, at rest: as sampled, and as the kernel counts. */
  readonly sampled: SampledGroup | null;
  readonly counted: Counters | null;
  /** kgtrace's own exit code when its standard input was closed. */
  readonly code: number | null;
}

const SAMPLE_EVERY_MS = 200;
const ENTRY = '/bin/sh';
const THROTTLED = '/throttled.slice/some.service';

export async function birthOfContainer(): Promise<Birth> {
  const kgtrace = startKgtrace(SAMPLE_EVERY_MS);
  await waitFor('kgtrace to say hello', () => kgtrace.lines.length > 0);
  makeGroup(podPath(POD_UID));
  await waitFor('counting', () => isCounting(kgtrace));
  const { runc, trace } = await bearContainer(kgtrace);
  const { sampled, counted } = await throttle(kgtrace);
  return { lines: kgtrace.lines, trace, runc, sampled, counted, code: await kgtrace.stop() };
}

/** Where births are not seen, nothing is ever counted, and the first line says why. */
function isCounting({ lines }: Kgtrace): boolean {
  const [hello] = lines;
  if (hello?.births !== true) throw new Hopeless(`kgtrace sees no births: ${JSON.stringify(hello)}`);
  return lines.some(({ t, on }) => t === 'counting' && on === true);
}

async function bearContainer(kgtrace: Kgtrace): Promise<Pick<Birth, 'runc' | 'trace'>> {
  const bundle = makeBundle(containerPath(POD_UID, CONTAINER_ID), [ENTRY, '-c', 'exit 7']);
  startTracing();
  const child = spawn('/bin/runc', ['run', '--bundle', bundle, CONTAINER_ID], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number];
  const pid = child.pid ?? 0;
  await waitFor('the first slot to end', () => isEnded(kgtrace.lines, pid));
  return { runc: { pid, code }, trace: stopTracing(pid, ENTRY) };
}

/** The slot that a process began has told its counts. */
function isEnded(lines: readonly KgtraceLine[], pid: number): boolean {
  const slot = lines.find((line) => line.t === 'exec' && line.pid === pid)?.slot;
  return lines.some((line) => line.t === 'counts' && line.why === 'end' && line.slot === slot);
}

async function throttle(kgtrace: Kgtrace): Promise<Pick<Birth, 'sampled' | 'counted'>> {
  makeGroup(THROTTLED);
  writeSetting(THROTTLED, 'cpu.max', '20000 100000');
  shellIn(THROTTLED, BUSY);
  await waitFor('five throttled periods', () => (countersOf(THROTTLED)?.nrThrottled ?? 0) >= 5);
  await killAll(THROTTLED);
  const counted = await countersAtRest(THROTTLED);
  const id = statSync(CGROUP_ROOT + THROTTLED).ino;
  const find = (): SampledGroup | undefined => kgtrace.sample().find((group) => group.id === id);
  await waitFor('a sample at rest', () => find()?.nrPeriods === counted?.nrPeriods);
  return { sampled: find() ?? null, counted };
}
