import { isKernelGossipError, KernelGossipError, messageOf, type PixieSourceSpec } from 'kernel-gossip-types';
import { withWindow, type PixieScript } from 'kernel-gossip-pxl-scripts';
import { sleep } from '../../../cluster/sleep.ts';
import type { ObjectRef, Store } from '../../../store/port.ts';
import type { PixieClient } from '../client/pixie-client.ts';
import { pauseAfter } from './back-off.ts';
import { ClusterCheck } from './cluster-check.ts';
import { graceAfter } from './grace.ts';
import { phaseOf } from './phase.ts';
import { leavesProbes, needsProbes, removalOf, withProbes } from './probes.ts';
import { readiness, type Readiness } from './ready-condition.ts';
import type { RowTaker, Take } from './row-taker.ts';
import { begun, failed, further, taken, timeOf, type ScriptState } from './script-state.ts';
import { SourceKeeper } from './source-keeper.ts';
import { WindowMemory } from './window-memory.ts';
import { inNanoseconds, planNext, type Plan, type Window } from './windows.ts';

/** A script with its text. Its name is any, so that tests may bring their own. */
export interface ScheduledScript extends Omit<PixieScript, 'name'> {
  readonly name: string;
  readonly text: string;
}

/** How a run ended: all was taken, or it failed for the script, the store or Pixie itself. */
export type RunResult = 'ok' | 'script' | 'store' | 'pixie';

/** One run of a script. */
export interface ScriptRun {
  readonly script: string;
  readonly result: RunResult;
  /** Rows that it brought and no run before it, whether it came to its end or not. */
  readonly rows: number;
  readonly rejected: number;
  /** When it ended, in milliseconds since 1970. */
  readonly atMs: number;
}

/** Told of what the scheduler does. Its functions must not throw. */
export interface ScheduleObserver {
  readonly ran: (run: ScriptRun) => void;
  readonly lost: (script: string, seconds: number) => void;
  /** Told whenever Ready changes; null when this replica does not schedule any more. */
  readonly ready: (readiness: Readiness | null) => void;
  /** Something failed and will be tried again. */
  readonly failed: (what: string, error: unknown) => void;
}

export interface ScheduleOptions {
  /** As it is told of; the client knows where it is. */
  readonly address: string;
  readonly clusterId: string;
  readonly scripts: readonly ScheduledScript[];
  readonly client: PixieClient;
  readonly store: Store;
  readonly ref: ObjectRef;
  readonly take: Take;
  readonly observer: ScheduleObserver;
  readonly now?: () => number;
  readonly timing?: Partial<ScheduleTiming>;
}

export interface ScheduleTiming {
  /** How long after its end a window is asked for. */
  readonly lagMs: number;
  /** What is older is not asked for any more. */
  readonly boundMs: number;
  /** How long one run may take. */
  readonly deadlineMs: number;
  /** How long a run that is under way may still take when all is to stop. */
  readonly graceMs: number;
  /** More rows than this are not one window's. */
  readonly maxRows: number;
  /** How long to wait after so many failures in a row. */
  readonly pauseAfter: (failures: number) => number;
}

const TIMING: ScheduleTiming = {
  lagMs: 10_000,
  boundMs: 600_000,
  deadlineMs: 120_000,
  graceMs: 3000,
  maxRows: 1_000_000,
  pauseAfter,
};

/** All that the loops of one scheduler share. */
interface Shared extends Omit<ScheduleOptions, 'now' | 'timing'> {
  readonly now: () => number;
  readonly timing: ScheduleTiming;
  readonly keeper: SourceKeeper;
  readonly cluster: ClusterCheck;
  /** All is to stop: nothing is begun any more. */
  readonly stop: AbortSignal;
  /** Aborts a little after `stop` does: what is under way then has this long to come to a good end. */
  readonly lastCall: AbortSignal;
}

/**
 * Runs Pixie's scripts, each window of each of them once, until the signal aborts. Only one replica may do so at a time.
 * It never rejects: whatever fails is tried again, and the PixieSource says what it is.
 */
export async function runSchedule(options: ScheduleOptions, stop: AbortSignal): Promise<void> {
  const { store, ref, scripts, client, observer, now = Date.now } = options;
  const timing = { ...TIMING, ...options.timing };
  const keeper = new SourceKeeper(store, ref, specOf(options), now);
  const cluster = new ClusterCheck(client, now, (view) => {
    keeper.view = view;
  });
  const grace = graceAfter(stop, timing.graceMs);
  const shared: Shared = { ...options, now, timing, keeper, cluster, stop, lastCall: grace.signal };
  await openPatiently(shared);
  if (!stop.aborted) {
    const known = new Set(scripts.map(({ name }) => name));
    await Promise.all([
      sayWhetherItAnswers(shared),
      ...scripts.map((script) => follow(script, shared)),
      ...keeper.scripts.filter(({ name }) => !known.has(name)).map((state) => clearUp(state, shared)),
    ]);
  }
  grace.cancel();
  observer.ready(null);
}

const specOf = ({ address, clusterId, scripts }: ScheduleOptions): PixieSourceSpec => ({
  address,
  cluster_id: clusterId,
  scripts: scripts.map(({ name, intervalSeconds }) => ({ name, interval_seconds: intervalSeconds })),
});

/** The store may be away when this replica becomes the leader. */
async function openPatiently({ keeper, observer, timing, stop, lastCall }: Shared): Promise<void> {
  for (let failures = 1; !stop.aborted; failures += 1) {
    try {
      await beforeThe(lastCall, keeper.open());
      return;
    } catch (error) {
      observer.failed('the PixieSource cannot be read', error);
      await sleep(timing.pauseAfter(failures), stop);
    }
  }
}

/** The first window may be a minute away: a wrong key is told at once. */
async function sayWhetherItAnswers(shared: Shared): Promise<void> {
  await beforeThe(shared.lastCall, shared.cluster.ensure(shared.lastCall)).catch(() => undefined);
  if (!shared.stop.aborted) await report(shared);
}

/** Long sleeps are cut, so that a clock that is set does not leave us waiting. */
const LONGEST_SLEEP_MS = 15_000;

/** Runs one script, window by window. */
async function follow(script: ScheduledScript, shared: Shared): Promise<void> {
  const { keeper, now, timing, clusterId, stop } = shared;
  const intervalMs = script.intervalSeconds * 1000;
  const phaseMs = phaseOf(script.name, clusterId, intervalMs);
  const rules = { intervalMs, phaseMs, lagMs: timing.lagMs, boundMs: timing.boundMs };
  const memory = new WindowMemory(shared.take);
  while (!stop.aborted) {
    const { window_end } = keeper.state(script.name);
    const plan = planNext(window_end === null ? null : timeOf(window_end), now(), rules);
    if (plan.kind === 'wait') await sleep(Math.min(plan.untilMs - now(), LONGEST_SLEEP_MS), stop);
    else await runWindow(script, plan, memory.takerOf(plan.window), shared);
  }
}

/** Runs a script over one window, notes how that ended, and waits a while where it failed. */
async function runWindow(
  script: ScheduledScript,
  plan: Extract<Plan, { kind: 'run' }>,
  taker: RowTaker,
  shared: Shared,
): Promise<void> {
  const { keeper, now, observer, timing, stop } = shared;
  const { name } = script;
  keeper.put(begun(keeper.state(name), plan, now()));
  if (plan.lostMs > 0) observer.lost(name, plan.lostMs / 1000);
  const before = taker.figures;
  const failure = await execute(script, plan.window, taker, shared);
  // That it was stopped says nothing about the script; the next leader runs this window.
  if (failure !== null && stop.aborted) return;
  const state = keeper.state(name);
  // Another leader may have come further meanwhile.
  const next =
    failure === null
      ? further(state, taken(state, plan.window.endMs, now(), taker.figures))
      : failed(state, messageOf(failure.error));
  keeper.put(next);
  const { rows, rejected } = taker.figures;
  observer.ran({
    script: name,
    result: failure === null ? 'ok' : resultOf(failure.error),
    rows: rows - before.rows,
    rejected: rejected - before.rejected,
    atMs: now(),
  });
  await report(shared);
  if (failure !== null) await sleep(timing.pauseAfter(next.consecutive_failures ?? 1), stop);
}

interface Failure {
  readonly error: unknown;
}

/** Has Pixie run the script, and takes its rows. Null where all of them were taken. */
async function execute(
  { name, text, ...script }: ScheduledScript,
  window: Window,
  taker: RowTaker,
  { keeper, now, timing, client, cluster, lastCall }: Shared,
): Promise<Failure | null> {
  try {
    await beforeThe(lastCall, cluster.ensure(lastCall));
    const mutation = needsProbes(script, keeper.state(name), now());
    if (mutation) keeper.put(withProbes(keeper.state(name), script, now()));
    const query = withWindow(text, inNanoseconds(window));
    const { deadlineMs, maxRows } = timing;
    const request = { name, query, mutation, deadlineMs, maxRows };
    const { resumes } = await beforeThe(
      lastCall,
      client.execute(request, (batch) => taker.batch(batch), lastCall),
    );
    return resumes === 0 ? null : { error: rowsMayBeMissing(resumes) };
  } catch (error) {
    if (resultOf(error) === 'pixie') cluster.doubt();
    return taker.failure ?? { error };
  }
}

/** Pixie sends what was under way once only, so the window is run again; what was taken already is not taken twice. */
const rowsMayBeMissing = (resumes: number): KernelGossipError =>
  new KernelGossipError(
    'KG_UNREACHABLE',
    `the stream was cut and gone on with ${resumes} times, and rows may be missing: the window is run again`,
  );

/** Rejects when the signal aborts, also where the work itself would go on for a while. */
async function beforeThe<A>(lastCall: AbortSignal, work: Promise<A>): Promise<A> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => {
    aborted.reject(new KernelGossipError('KG_UNREACHABLE', 'the operator is stopping'));
  };
  lastCall.addEventListener('abort', abort, { once: true });
  if (lastCall.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    lastCall.removeEventListener('abort', abort);
  }
}

function resultOf(error: unknown): Exclude<RunResult, 'ok'> {
  if (isKernelGossipError(error, 'KG_PIXIE_SCRIPT', 'KG_CONFIG_INVALID')) return 'script';
  return isKernelGossipError(error) && error.code.startsWith('KG_STORE_') ? 'store' : 'pixie';
}

/** Removes the probes of a script that runs no more, and then what is known of it. */
async function clearUp({ name }: ScriptState, shared: Shared): Promise<void> {
  const { keeper, now, observer, timing, stop } = shared;
  const isDone = (): boolean => stop.aborted || !leavesProbes(keeper.state(name), now());
  for (let failures = 1; !isDone(); failures += 1) {
    try {
      await removeProbes(keeper.state(name), shared);
      break;
    } catch (error) {
      if (!isDone()) observer.failed(`the probes of ${name} cannot be removed`, error);
      await sleep(timing.pauseAfter(failures), stop);
    }
  }
  if (stop.aborted) return;
  keeper.remove(name);
  await report(shared);
}

async function removeProbes({ name, tracepoints }: ScriptState, shared: Shared): Promise<void> {
  const { timing, client, cluster, lastCall } = shared;
  await cluster.ensure(lastCall);
  const { deadlineMs, maxRows } = timing;
  const request = { name, query: removalOf(tracepoints ?? []), mutation: true, deadlineMs, maxRows };
  await client.execute(request, () => Promise.resolve(), lastCall);
}

/** Says how things are, to those who watch and on the PixieSource. */
async function report({ keeper, observer, lastCall }: Shared): Promise<void> {
  observer.ready(readiness(keeper.view, keeper.scripts));
  try {
    await beforeThe(lastCall, keeper.write());
  } catch (error) {
    observer.failed('the PixieSource cannot be written', error);
  }
}
