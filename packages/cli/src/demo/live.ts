import { availableParallelism } from 'node:os';
import { showMilliseconds } from 'kernel-gossip-types';
import type { Target } from '../target/target.ts';
import { BurstyLoad } from './bursty-load.ts';
import type { CpuGroup } from './cpu-group.ts';
import { sideBySide } from './show.ts';
import { awaitWhisper, wait, type Teller } from './story.ts';
import { windowBetween, type MeasuredWindow } from './window.ts';

const LIMIT_CORES = 0.5;
const PLAN = { threads: 2, burstMs: 180, everyMs: 1500 } as const;
const THROTTLED_WINDOW_MS = 7500;
const FREE_WINDOW_MS = 4500;
const WHISPER_WITHIN_MS = 20_000;

/** Removes the group and ends the load even when the process is made to exit in between. */
function guard(group: CpuGroup, load: { current: BurstyLoad | null }): () => void {
  const atExit = (): void => {
    load.current?.killNow();
    const until = performance.now() + 1000;
    while (!group.removeNow() && performance.now() < until);
  };
  process.once('exit', atExit);
  return () => process.removeListener('exit', atExit);
}

interface Measurement {
  readonly group: CpuGroup;
  readonly load: BurstyLoad;
  readonly teller: Teller;
}

async function measure({ group, load, teller }: Measurement, milliseconds: number): Promise<MeasuredWindow> {
  load.takeLatencies();
  const before = group.read();
  await wait(milliseconds, teller.io.signal);
  return windowBetween(before, group.read(), load.takeLatencies());
}

function show({ group, teller }: Measurement, window: MeasuredWindow, limitCores: number | null): void {
  const sources = { usage: group.usageFile, stat: group.statFile, bursts: "the load's own clock" };
  const context = { limitCores, machineCores: availableParallelism(), sources };
  teller.say(sideBySide(window, context, { chalk: teller.io.chalk, width: teller.width }));
}

/** A burst that takes so much longer than its work, although nothing holds it back, waits for other processes. */
const BUSY_FACTOR = 1.5;

function compareBursts(throttled: MeasuredWindow, free: MeasuredWindow): string {
  if (throttled.bursts === null || free.bursts === null) return 'Burst latency: not measured.';
  const before = throttled.bursts.medianMs;
  const after = free.bursts.medianMs;
  const busy =
    after > PLAN.burstMs * BUSY_FACTOR
      ? ` The work itself is about ${PLAN.burstMs} ms: other processes may have used the CPUs meanwhile.`
      : '';
  return `The same burst: ${showMilliseconds(before)} under the limit, ${showMilliseconds(after)} without it (medians): ${(before / after).toFixed(1)} times as long.${busy}`;
}

async function tell(measurement: Measurement, target: Target): Promise<void> {
  const { group, teller } = measurement;
  const { signal } = teller.io;
  const isOurs = (cgroup: string | null | undefined): boolean => cgroup === `/${group.name}`;

  teller.chapter('A process whose average looks harmless');
  teller.tell(
    `${PLAN.threads} threads work about ${PLAN.burstMs} ms each, every ${PLAN.everyMs} ms, under a limit of ${LIMIT_CORES} CPU. Measuring ${THROTTLED_WINDOW_MS / 1000} s …`,
  );
  teller.say('');
  const throttled = await measure(measurement, THROTTLED_WINDOW_MS);
  show(measurement, throttled, LIMIT_CORES);

  teller.chapter('The whisper that the observer filed, from the API');
  const open = await awaitWhisper(
    target,
    ({ spec, status }) => isOurs(spec.source?.cgroup) && status?.phase === 'Open',
    { withinMs: WHISPER_WITHIN_MS, what: 'A whisper about the throttled process', signal },
  );
  teller.whisper(open);

  teller.chapter('The limit is lifted');
  group.limit(null);
  const free = await measure(measurement, FREE_WINDOW_MS);
  show(measurement, free, null);
  const compared = compareBursts(throttled, free);
  teller.say('');
  teller.tell(compared);

  const resolved = await awaitWhisper(
    target,
    ({ spec, status }) => isOurs(spec.source?.cgroup) && status?.phase === 'Resolved',
    { withinMs: WHISPER_WITHIN_MS, what: 'The resolution of the whisper', signal },
  );
  teller.chapter('The kernel says that it is over');
  teller.tell(
    `kernelwhisper ${resolved.metadata.name}: ${resolved.status?.phase ?? ''} (over since ${resolved.spec.ended_at ?? 'a time not stated'}, by the source's clock)`,
  );
}

/** The live story: a real process, a real quota, the kernel's own counters. */
export async function tellLive(group: CpuGroup, target: Target, teller: Teller): Promise<void> {
  const load: { current: BurstyLoad | null } = { current: null };
  const unguard = guard(group, load);
  try {
    const started = await BurstyLoad.start(PLAN, teller.io.signal);
    load.current = started;
    group.limit(LIMIT_CORES);
    group.add(started.pid);
    started.begin();
    await tell({ group, load: started, teller }, target);
  } finally {
    await load.current?.end();
    await group.remove();
    unguard();
  }
}
